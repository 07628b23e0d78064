"""The configuration of a container as the engine has it, word by word: whatever is changed or taken away shows here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import docker
import pytest

from agents.sandboxes.docker import LABEL_OWNER, DockerSandbox
from agents.sandboxes.docker_container import host_configuration
from agents.sandboxes.seccomp.engine import security_option
from tests.agents.sandboxes.conftest import INSTALLATION, KIND

GOLDEN = Path(__file__).with_name("host_config.json")
# What the engine sets by itself: there must be all that is in the file, and there may be more.
BY_ENGINE = ("MaskedPaths", "ReadonlyPaths")
OF_CONFIG = ("Cmd", "Entrypoint", "User", "Volumes", "ExposedPorts", "Tty", "OpenStdin", "WorkingDir")


def set_values(part: dict[str, Any]) -> dict[str, Any]:
    """What is set; engines differ in how they write that something is not."""
    return {name: value for name, value in part.items() if value and name not in ("ConsoleSize", "RestartPolicy")}


def containers(label: str) -> list[Any]:
    """The running containers with a label."""
    return list(docker.from_env().containers.list(filters={"label": label}, ignore_removed=True))


@pytest.mark.sandbox
def test_the_engine_has_the_golden_configuration(docker_sandbox: DockerSandbox) -> None:
    golden = json.loads(GOLDEN.read_text())
    with docker_sandbox.open(run="golden", fence=1, image="python"):
        (container,) = containers(f"{LABEL_OWNER}={INSTALLATION}")
    host = set_values(container.attrs["HostConfig"])
    assert host.pop("SecurityOpt") == ["no-new-privileges", security_option()]
    assert golden["HostConfig"].pop("SecurityOpt") == ["no-new-privileges", "the filter"]
    assert container.attrs["HostConfig"]["RestartPolicy"]["Name"] in ("", "no")
    for name in BY_ENGINE:
        assert set(golden["HostConfig"].pop(name)) <= set(host.pop(name))
    host.pop("Runtime"), golden["HostConfig"].pop("Runtime")
    assert host == golden["HostConfig"]
    config = set_values({name: container.attrs["Config"].get(name) for name in OF_CONFIG})
    assert config == golden["Config"]
    assert container.attrs["Mounts"] == golden["Mounts"] == []
    assert sorted(container.attrs["NetworkSettings"]["Networks"]) == golden["Networks"] == ["none"]
    assert container.attrs["Config"]["Image"].startswith("sha256:")
    assert set(container.labels) == {"autocoder.installation", "autocoder.run", "autocoder.fence"}


@pytest.mark.sandbox
def test_every_sandbox_on_the_engine_keeps_to_the_policy(
    docker_sandbox: DockerSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "canary-of-the-worker")
    with (
        docker_sandbox.open(run="one", fence=1, image="python"),
        docker_sandbox.open(run="two", fence=2, image="python"),
    ):
        # Those of other sites and of other tests that run now, too, but for tests that leave guards out on purpose.
        found = [
            container
            for container in containers(LABEL_OWNER)
            if container.labels[LABEL_OWNER] == INSTALLATION or not container.labels[LABEL_OWNER].startswith(KIND)
        ]
    assert len(found) >= 2
    for container in found:
        host, config = container.attrs["HostConfig"], container.attrs["Config"]
        assert config["Env"] == container.image.attrs["Config"]["Env"]
        told = json.dumps([config["Cmd"], config["Labels"]]).lower()
        assert not [word for word in ("canary", "secret", "key", "token", "password") if word in told]
        assert (host["Privileged"], host["NetworkMode"], host["ReadonlyRootfs"]) == (False, "none", True)
        assert (host["Binds"], host["Devices"], host["CapAdd"], host["PortBindings"] or None) == (None,) * 4
        assert (host["CapDrop"], host["PidMode"], host["IpcMode"]) == (["ALL"], "", "private")
        assert "no-new-privileges" in host["SecurityOpt"]
        assert any(option.startswith("seccomp={") for option in host["SecurityOpt"])


def test_nothing_of_the_host_is_lent() -> None:
    lent = {"volumes", "binds", "mounts", "devices", "privileged", "cap_add", "pid_mode", "network", "ports"}
    assert not {*lent, "environment"} & host_configuration({}).keys()
