"""Programs that fill, hide or disguise files: nothing outlasts the sandbox, and only safe files come out of it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from agents.errors import DependencyError, SandboxFailure, Stopped
from agents.languages import TOOLCHAINS
from agents.paths import MAX_DEPTH, MAX_FILE_BYTES, MAX_FILES, MAX_TOTAL_BYTES
from agents.sandboxes.base import Command, Sandbox, SandboxSession, shell
from agents.sandboxes.docker import DockerSandbox
from agents.types import SourceFile
from tests.agents.sandboxes.programs import LONG, python

pytestmark = pytest.mark.sandbox

PROJECT = Path(__file__).resolve().parents[3]

MARKERS = """
for folder in /work /deps /tmp /dev/shm /dev/mqueue; do [ -d $folder ] && touch $folder/marker; done
ipcmk -M 4096 >/dev/null; ipcmk -S 2 >/dev/null
python3 -c 'import socket, time
s = socket.socket(socket.AF_UNIX); s.bind("\\0marker"); s.listen(); time.sleep(600)' &
true
"""
FIND_MARKERS = """
find /work /deps /tmp /dev/shm /dev/mqueue -name marker 2>/dev/null
tail -n +2 -q /proc/sysvipc/shm /proc/sysvipc/sem
grep marker /proc/net/unix
true
"""


@pytest.mark.hostile("leaves marks in folders, shared memory, queues and sockets", "the next sandbox has none of them")
def test_nothing_outlasts_its_sandbox(sandbox: Sandbox) -> None:
    for _ in range(2):
        with sandbox.open(run="the same run", fence=1, image="python") as session:
            assert session.run(shell(FIND_MARKERS, LONG)).output == ""
            session.run(shell(MARKERS, LONG))


@pytest.mark.hostile("leaves marks in folders, shared memory, queues and sockets", "emptied between two steps")
def test_nothing_outlasts_a_wipe(session: SandboxSession) -> None:
    session.run(shell(MARKERS, LONG))
    session.wipe()
    assert session.run(shell(FIND_MARKERS, LONG)).output == ""


@pytest.mark.hostile("makes a tree 1500 folders deep", "nothing below the limit comes out; it is cleared away")
def test_a_deep_tree_is_left_inside_and_cleared_away(session: SandboxSession) -> None:
    program = """
import os
for depth in range(1500):
    if depth in (2, 31, 40):
        open("file", "w").close()
    os.mkdir("d"); os.chdir("d")
open("file", "w").close()
"""
    assert python(session, program).exit_code == 0
    assert sorted(file.path for file in session.get()) == [f"{'d/' * (MAX_DEPTH - 1)}file", "d/d/file"]


@pytest.mark.hostile("makes 19,000 files", "as many as are allowed come out")
def test_many_files_come_out_up_to_the_limit(session: SandboxSession) -> None:
    assert python(session, "for n in range(19_000): open(f'f{n}', 'w').close()").exit_code == 0
    assert len(session.get()) == MAX_FILES


@pytest.mark.hostile("makes a file of 150 MB beside small ones", "the small ones come out")
def test_a_huge_file_does_not_hide_the_others(session: SandboxSession) -> None:
    lines = f"head -c 150M /dev/zero > big; head -c {MAX_FILE_BYTES + 1} /dev/zero > over; echo x > small"
    assert session.run(shell(lines, LONG)).exit_code == 0
    assert session.get() == [SourceFile("small", b"x\n")]


@pytest.mark.hostile("makes 200 MB of files that are allowed one by one", "refused with a sentence")
def test_too_much_in_all_is_refused_with_a_sentence(session: SandboxSession) -> None:
    lines = "for n in $(seq 45); do head -c 5000000 /dev/zero > f$n; done"
    assert session.run(shell(lines, LONG)).exit_code == 0
    with pytest.raises(SandboxFailure, match=f"more than {MAX_TOTAL_BYTES >> 20} MiB"):
        session.get()
    assert session.run(shell("rm -rf /work/*; echo x > ok", LONG)).exit_code == 0
    assert session.get() == [SourceFile("ok", b"x\n")]


@pytest.mark.hostile("names files with bytes, newlines, marks of direction and look-alikes", "only safe names come out")
def test_names_that_are_not_safe_stay_inside(session: SandboxSession) -> None:
    program = """
names = [b"\\xff\\xfe.py", b"a\\nb", b"<img onerror=x>.html", "evil\\u202etxt.py".encode(), b"n" * 255, b"CON.txt",
         b"A.py", b"a.py", "caf\\u00e9.txt".encode(), "cafe\\u0301.txt".encode(), b"-rf", b"~x", b"end ", b"good.txt"]
for name in names:
    open(name, "w").close()
"""
    assert python(session, program).exit_code == 0
    found = [file.path for file in session.get()]
    assert len({path.casefold() for path in found}) == len(found)
    assert sorted(path.lower() for path in found) == ["-rf", "a.py", "caf\u00e9.txt", "good.txt"]


@pytest.mark.hostile("swaps a file and a link for each other while files are read", "no content from behind a link")
def test_a_race_between_file_and_link_gives_nothing_from_outside(docker_sandbox: DockerSandbox) -> None:
    race = """
import os
open("real", "w").write("mine")
os.mkdir("folder"); open("folder/passwd", "w").write("mine")
print("up", flush=True)
while True:
    for name, target in (("file", "/etc/passwd"), ("tree", "/etc")):
        os.symlink(target, "new"); os.replace("new", name)
        os.unlink(name)
        os.link("real", name) if name == "file" else os.rename("folder", "tree")
        os.unlink(name) if name == "file" else os.rename("tree", "folder")
"""
    up, done = threading.Event(), threading.Event()
    with docker_sandbox.open(run="race", fence=1, image="python") as session:

        def hold() -> None:
            with pytest.raises(Stopped):
                session.run(Command(("python3", "-c", race), LONG), on_output=lambda _: up.set(), stop=done.is_set)

        thread = threading.Thread(target=hold)
        thread.start()
        assert up.wait(LONG)
        found = [file for _ in range(20) for file in session.get()]
        done.set()
        thread.join()
    assert found
    assert {file.content for file in found} == {b"mine"}


@pytest.mark.hostile("links to files of other users, and to devices", "cannot be made, or do not come out")
def test_links_to_what_is_not_its_own_cannot_be_used(session: SandboxSession) -> None:
    lines = "ln /etc/passwd hard; ln /etc/shadow hard2; ln -s /dev/zero zero; ln -s /proc/self/mem mem; echo x > ok"
    session.run(shell(lines, LONG))
    assert session.get() == [SourceFile("ok", b"x\n")]


BAD_REQUIREMENTS: list[tuple[str, str]] = [
    *(
        ("python", line)
        for line in (
            "--index-url http://evil.example/simple",
            "-i http://evil.example/simple",
            "--extra-index-url=http://evil.example",
            "-e .",
            "-r ../../etc/passwd",
            "-c /etc/passwd",
            "../../x",
            "./local",
            "/etc",
            "git+ssh://git@evil.example/x.git",
            "x @ git+https://evil.example/x.git",
            "x @ https://evil.example/x-1.tar.gz",
            "x @ file:///etc/passwd",
            "flask \\\n--index-url http://evil.example",
            "--no-binary :all:",
            "--trusted-host evil.example",
        )
    ),
    *(
        ("javascript", f'{{"name": "a", "dependencies": {{"x": "{version}"}}}}')
        for version in (
            "git+ssh://git@evil.example/x.git",
            "git://evil.example/x",
            "github:evil/x",
            "evil/x",
            "http://evil.example/x.tgz",
            "https://evil.example/x.tgz",
            "file:../../x",
            "../../x",
            "link:/etc",
            "workspace:*",
        )
    ),
    ("go", "module a\n\ngo 1.19\n\nrequire b.example/c v1.0.0\n\nreplace b.example/c => ../../x\n"),
    ("go", "module a\n\ngo 1.19\n\nrequire ../../x v1.0.0\n"),
]


@pytest.mark.parametrize(("language", "text"), BAD_REQUIREMENTS)
@pytest.mark.hostile("asks for dependencies from elsewhere", "refused before anything is fetched")
def test_a_manifest_takes_nothing_from_elsewhere(language: str, text: str) -> None:
    with pytest.raises(DependencyError):
        TOOLCHAINS[language].read_manifest(text)


@pytest.mark.hostile("a package whose installation goes out, writes and reads secrets", "it finds nothing and no way")
def test_code_that_runs_at_installation_is_as_confined_as_any(session: SandboxSession) -> None:
    setup = """
import os, pathlib, socket
try:
    socket.create_connection(("1.1.1.1", 443), 1); print("went out")
except OSError: pass
for place in ("/usr/lib/x.py", "/etc/profile.d/x.sh", "/usr/local/bin/x", "/opt/autocoder/measure.py"):
    try:
        pathlib.Path(place).write_text("x"); print("wrote", place)
    except OSError: pass
print(sorted(set(os.environ) & {"SECRET_KEY", "UV_INDEX_URL", "PIP_INDEX_URL", "NPM_TOKEN"}))
"""
    session.put([SourceFile("package/setup.py", setup.encode())])
    assert session.run(shell("cd package && python3 setup.py", LONG)).output == "[]\n"


@pytest.mark.hostile("delivers a Dockerfile and compose.yaml that take the machine over", "text that nobody builds")
def test_nothing_but_our_own_recipes_is_ever_built(session: SandboxSession) -> None:
    session.put([SourceFile("Dockerfile", b"FROM scratch\nRUN x\n"), SourceFile("compose.yaml", b"services: {}\n")])
    assert sorted(file.path for file in session.get()) == ["Dockerfile", "compose.yaml"]
    words = ("images.build(", '"docker", "build"', '"compose"', "docker compose", "docker build", "docker-compose")
    builders = {
        path.relative_to(PROJECT).as_posix()
        for folder in ("agents", "generations", "autocoder_site")
        for path in (PROJECT / folder).rglob("*.py")
        if any(word in path.read_text() for word in words) and "blueprints" not in path.parts
    }
    # Those that make the sandbox images, from recipes in this repository, and what speaks about building.
    assert {
        path for path in builders if not path.startswith(("agents/sandboxes/images/", "generations/management/"))
    } == set()
