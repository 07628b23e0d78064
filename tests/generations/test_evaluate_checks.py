"""The check of a task runs in a sandbox of its own, where nothing of the host is, and on the host only when asked."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from agents.errors import SandboxUnavailable, Stopped
from agents.types import MODE_EXECUTABLE, SourceFile
from generations import recovery
from generations.evaluation import checks
from generations.evaluation.checks import CheckResult, in_sandbox, on_host
from generations.masking import remember_secret
from tests.evaluation_suite import application, task

ROOT = Path(__file__).resolve().parent.parent.parent


def never() -> bool:
    return False


LOOK = """
import json, os, socket, sys
from pathlib import Path
import helper, pytest
def reached(host, port):
    try:
        socket.create_connection((host, port), 2).close()
    except OSError:
        return False
    return True
print(json.dumps({
    "reached": [reached(host, {port}) for host in ("127.0.0.1", "172.17.0.1", {address!r})],
    "host files": [Path(path).exists() for path in ({marker!r}, {root!r})],
    "argument": sys.argv[1:], "folder": os.getcwd(), "helper": helper.__file__, "self": __file__,
    "files": sorted(str(path) for path in Path().rglob("*")), "runs": os.access("run.sh", os.X_OK),
    "environment": {name: os.environ.get(name) for name in ("APP_START", "APP_TEST", "APP_PORT", "APP_INSTALL")},
    "secret": "DJANGO_SETTINGS_MODULE" in os.environ,
}))
"""


@pytest.mark.sandbox
@pytest.mark.django_db
def test_a_check_sees_the_application_and_nothing_of_the_host(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    marker.touch()
    with socket.create_server(("0.0.0.0", 0)) as server:
        address = socket.gethostbyname(socket.gethostname())
        values = {
            "{port}": server.getsockname()[1],
            "{address!r}": address,
            "{marker!r}": str(marker),
            "{root!r}": str(ROOT),
        }
        program = f"import sys; sys.path.insert(0, '/tmp/suite')\n{LOOK}"
        for name, value in values.items():
            program = program.replace(name, repr(value))
        files = (SourceFile("main.py", b""), SourceFile("run.sh", b"", MODE_EXECUTABLE))
        built = application(*files, install="test -f main.py && touch left.txt /tmp/left")
        result = in_sandbox(60)(task(tmp_path, program, helper=""), built, never)
    assert result.verdict == "held", result.output
    seen = json.loads(result.output)
    assert (seen["reached"], seen["host files"], seen["secret"]) == ([False] * 3, [False, False], False)
    assert (seen["argument"], seen["folder"], seen["self"]) == (["/work"], "/work", "/tmp/suite/one/check")
    assert (seen["files"], seen["runs"], seen["helper"]) == (["main.py", "run.sh"], True, "/tmp/suite/helper.py")
    assert seen["environment"] == {
        "APP_START": "python main.py", "APP_TEST": "python -m pytest", "APP_PORT": "8123",
        "APP_INSTALL": built.commands.install,
    }  # fmt: skip


@pytest.mark.sandbox
@pytest.mark.django_db
def test_a_check_that_does_not_end_has_failed(tmp_path: Path) -> None:
    result = in_sandbox(2)(
        task(tmp_path, "import time\nprint('so far', flush=True)\ntime.sleep(60)"), application(), never
    )
    assert (result.verdict, result.exit_code) == ("failed", None)
    assert result.output == "so far\n\nThe check did not end within 2 s."


@pytest.mark.sandbox
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("manifest", "install", "sentence"),
    [
        ("", "echo no such thing; exit 3", "could not be installed.\nno such thing"),
        ("-e .", "", "requirements.txt line 1"),
    ],
)
def test_what_cannot_be_installed_has_failed(tmp_path: Path, manifest: str, install: str, sentence: str) -> None:
    built = application(SourceFile("requirements.txt", manifest.encode()), install=install)
    result = in_sandbox(30)(task(tmp_path, ""), built, never)
    assert (result.verdict, result.exit_code) == ("failed", None)
    assert sentence in result.output


@pytest.mark.sandbox
@pytest.mark.django_db
def test_a_check_that_takes_its_sandbox_down_is_tried_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    look = checks._look
    monkeypatch.setattr(checks, "_look", lambda *given: looked.append("") or look(*given))
    result = in_sandbox(30)(task(tmp_path, "import os\nos.kill(-1, 9)\nos.kill(os.getpid(), 9)"), application(), never)
    assert (result.verdict, len(looked)) == ("failed", 2)
    assert "killed, twice" in result.output


@pytest.mark.sandbox
@pytest.mark.django_db
def test_the_reaper_leaves_the_sandbox_of_a_check_alone(tmp_path: Path) -> None:
    ended: list[CheckResult] = []
    given = (task(tmp_path, "import time\nprint('up', flush=True)\ntime.sleep(6)"), application(), never)
    thread = threading.Thread(target=lambda: ended.append(in_sandbox(30)(*given)))
    thread.start()
    while thread.is_alive():
        recovery.remove_orphaned_sandboxes()
        thread.join(0.2)
    assert ended[0].verdict == "held"


@pytest.mark.django_db
def test_without_a_sandbox_no_check_runs_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable() -> None:
        raise SandboxUnavailable("No sandbox. Start Docker.")

    monkeypatch.setattr(checks, "checks_sandbox", unavailable)
    marker = tmp_path / "it ran"
    result = in_sandbox(30)(task(tmp_path, f"open({str(marker)!r}, 'w')"), application(), never)
    assert result == CheckResult("not run", None, "No sandbox. Start Docker.")
    assert not marker.exists()


def test_on_the_host_only_files_and_variables_are_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUSTOM_API_KEY", "a secret of the site")
    remember_secret("printed-secret-1234")
    program = "import os\nprint(os.listdir(), os.environ['APP_PORT'], 'CUSTOM_API_KEY' in os.environ)"
    program += "\nprint('printed-secret-1234')"
    result = on_host(30)(task(tmp_path, program), application(SourceFile("a/b.txt", b"")), never)
    assert (result.verdict, result.output) == ("held", "['a'] 8123 False\n***1234")


def test_on_the_host_a_check_ends_with_its_children(tmp_path: Path) -> None:
    given = task(tmp_path, "import subprocess\nsubprocess.run(['sleep', '617.3'])"), application()
    assert on_host(1)(*given, never).verdict == "failed"
    with pytest.raises(Stopped):
        on_host(600)(*given, lambda: True)
    lines = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout.splitlines()
    assert "sleep 617.3" not in lines
