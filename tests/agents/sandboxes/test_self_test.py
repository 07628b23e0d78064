"""Code runs in a sandbox only when every guard is in force: each missing one is named, and what was found is kept."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import docker
import pytest
from docker.models.images import ImageCollection

from agents import sandboxes
from agents.errors import AgentError, SandboxUnavailable
from agents.sandboxes import docker as docker_module
from agents.sandboxes import guards, records
from agents.sandboxes.base import Options, shell
from agents.sandboxes.docker import DockerSandbox
from agents.sandboxes.images import image_tag
from agents.sandboxes.records import Records
from tests.agents.sandboxes.conftest import INSTALLATION
from tests.agents.sandboxes.programs import LONG

pytestmark = pytest.mark.sandbox

whole = docker_module.host_configuration


def opened(sandbox: DockerSandbox) -> str:
    """What a command prints in it."""
    with sandbox.open(run="tested", fence=1, image="python") as session:
        return session.run(shell("echo ran", LONG)).output


def taken_out(word: str) -> Callable[[dict[str, Any]], None]:
    """A change that takes one security option away."""

    def change(configuration: dict[str, Any]) -> None:
        options = configuration["security_opt"]
        configuration["security_opt"] = [option for option in options if not option.startswith(word)]

    return change


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda c: c.pop("network_mode"), "it has a network"),
        (lambda c: c.pop("read_only"), "it can write to the system"),
        (lambda c: c.pop("cap_drop"), "it has capabilities"),
        (lambda c: c.update(cap_add=["CHOWN"]), "it has capabilities"),
        (taken_out("no-new"), "it may gain privileges"),
        (taken_out("seccomp"), "past its network, it can make system calls"),
        (lambda c: c.pop("mem_limit") and c.pop("memswap_limit"), "wider limits"),
        (lambda c: c.pop("pids_limit"), "wider limits"),
        (lambda c: c.pop("ulimits"), "wider limits"),
        (lambda c: c.pop("shm_size"), "wider limits"),
        (lambda c: c.update(tmpfs={f: o.replace("size=", "size=9") for f, o in c["tmpfs"].items()}), "wider limits"),
        (
            lambda c: c.update(tmpfs={f: o.replace("inodes=", "inodes=9") for f, o in c["tmpfs"].items()}),
            "wider limits",
        ),
        (lambda c: c.update(environment={"SECRET_KEY": "canary"}), "more environment"),
        (lambda c: c.update(volumes=["/var/run/docker.sock:/var/run/docker.sock"]), "it sees the Docker socket"),
        (lambda c: c.update(tmpfs={}), "it cannot write to /work"),
    ],
)
def test_a_container_without_a_guard_runs_no_code(
    change: Callable[[dict[str, Any]], object], finding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def weaker(*arguments: Any) -> dict[str, Any]:
        configuration = whole(*arguments)
        change(configuration)
        return configuration

    monkeypatch.setattr(docker_module, "host_configuration", weaker)
    sandbox = DockerSandbox(INSTALLATION)
    with pytest.raises(SandboxUnavailable, match=finding):
        opened(sandbox)
    assert sandbox.present() == set()


def test_variables_that_the_image_brings_are_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, tag = docker.from_env(), f"autocoder-test-brings:{uuid4().hex}"
    base = engine.images.get(image_tag("python"))
    recipe = f"FROM {base.id}\nENV PYTHON_VERSION=3.11.0 GPG_KEY=public\n"
    engine.images.build(fileobj=io.BytesIO(recipe.encode()), tag=tag, network_mode="none")
    try:
        monkeypatch.setattr(docker_module, "image_tag", lambda _key: tag)
        assert opened(DockerSandbox(INSTALLATION)) == "ran\n"
    finally:
        engine.images.remove(tag, force=True)


def test_a_failed_self_test_is_the_status_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "UID", guards.UID + 1)
    status = DockerSandbox(INSTALLATION).status()
    assert not status.available
    assert "it runs as another user" in status.detail
    assert status.tested is not None


def test_a_container_that_goes_away_during_its_test_is_the_status_and_is_tested_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def removed(session: Any, **_known: Any) -> str:
        session._container.remove(force=True)
        session.run(shell("echo ran", LONG))
        return "it was not noticed"

    options = Options(records=tmp_path / "records.json")
    with monkeypatch.context() as patched:
        patched.setattr(docker_module, "missing_guards", removed)
        status = DockerSandbox(INSTALLATION, options).status()
    assert not status.available
    assert "went away" in status.detail
    assert DockerSandbox(INSTALLATION, options).status().available


def test_a_passed_self_test_is_believed_for_a_while_by_every_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = Options(records=tmp_path / "records.json")
    first = DockerSandbox(INSTALLATION, options).status()
    assert first.available
    assert set(json.loads((tmp_path / "records.json").read_text())["images"]) == {image_tag("python")}
    monkeypatch.setattr(docker_module, "missing_guards", lambda *_a, **_k: "it was tested again")
    later = DockerSandbox(INSTALLATION, options)
    assert (later.status().tested, opened(later)) == (first.tested, "ran\n")
    # Another configuration is another sandbox.
    monkeypatch.setattr(docker_module, "host_configuration", lambda *a: {**whole(*a), "shm_size": 8 << 20})
    with pytest.raises(SandboxUnavailable, match="tested again"):
        opened(later)
    monkeypatch.setattr(docker_module, "host_configuration", whole)
    monkeypatch.setattr(records, "FRESH_SECONDS", -1.0)
    with pytest.raises(SandboxUnavailable, match="tested again"):
        opened(later)


def test_a_failure_is_never_believed_twice(tmp_path: Path) -> None:
    found = Records(tmp_path / "records.json")
    assert found.tested("key", lambda: "a guard is missing").problem == "a guard is missing"
    assert found.tested("key", lambda: "").problem == ""
    assert found.tested("key", lambda: "not asked again").problem == ""


@pytest.mark.parametrize("content", ["", "{", "[]", '{"verdicts": {}}'])
def test_records_that_cannot_be_read_are_made_anew(tmp_path: Path, content: str) -> None:
    path = tmp_path / "records.json"
    path.write_text(content)
    assert Records(path).tested("key", lambda: "").problem == ""
    assert Records(path).tested("key", lambda: "asked").problem == ""


def test_where_nothing_can_be_written_each_is_tested() -> None:
    found = Records(Path("/proc/nothing/records.json"))
    assert [found.tested("key", lambda: "").problem, found.tested("key", lambda: "asked").problem] == ["", "asked"]


def test_an_image_that_was_exchanged_is_not_started_until_somebody_says_so(tmp_path: Path) -> None:
    path = tmp_path / "records.json"
    path.write_text(json.dumps({"images": {image_tag("python"): "sha256:another"}}))
    sandbox = DockerSandbox(INSTALLATION, Options(records=path))
    with pytest.raises(SandboxUnavailable, match="not the one that was made here"):
        opened(sandbox)
    assert "build_images" in sandbox.status().remedy
    sandbox.accept("python")
    assert opened(sandbox) == "ran\n"
    assert json.loads(path.read_text())["images"][image_tag("python")] == (
        docker.from_env().images.get(image_tag("python")).id
    )


def test_an_image_that_is_not_there_is_not_pulled(monkeypatch: pytest.MonkeyPatch) -> None:
    def pull(*_arguments: Any, **_options: Any) -> None:
        raise AssertionError("pulled")

    monkeypatch.setattr(ImageCollection, "pull", pull)
    monkeypatch.setattr(docker_module, "image_tag", lambda _key: "hello-world:latest")
    sandbox = DockerSandbox(INSTALLATION)
    with pytest.raises(SandboxUnavailable, match="build_images"):
        opened(sandbox)
    assert not sandbox.status().available


def test_a_runtime_that_the_engine_has_not_is_an_error_and_nothing_takes_its_place() -> None:
    options = Options(runtime="runsc-that-is-not-here")
    sandbox = DockerSandbox(INSTALLATION, options)
    status = sandbox.status()
    assert not status.available
    assert status.detail == "The Docker engine has no runtime 'runsc-that-is-not-here'."
    assert "SANDBOX_RUNTIME" in status.remedy
    with pytest.raises(SandboxUnavailable, match="no runtime"):
        opened(sandbox)
    with pytest.raises(SandboxUnavailable, match="no runtime") as refused:
        sandboxes.choose("auto", INSTALLATION, options)
    assert "bubblewrap:" not in str(refused.value)
    with pytest.raises(AgentError, match="only Docker can use"):
        sandboxes.choose("bubblewrap", INSTALLATION, options)


def test_the_runtime_that_is_asked_for_runs_the_container() -> None:
    sandbox = DockerSandbox(INSTALLATION, Options(runtime="io.containerd.runc.v2"))
    with sandbox.open(run="by runtime", fence=7, image="python"):
        found = docker.from_env().containers.list(filters={"label": f"autocoder.installation={INSTALLATION}"})
        assert [container.attrs["HostConfig"]["Runtime"] for container in found] == ["io.containerd.runc.v2"]
