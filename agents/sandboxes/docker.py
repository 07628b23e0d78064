"""Runs code in a hardened container of a Docker engine: one container a run, one exec a step."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from agents.errors import SandboxUnavailable
from agents.faults import fault
from agents.sandboxes.base import SandboxSession, SandboxStatus
from agents.sandboxes.docker_session import DockerSession
from agents.sandboxes.guards import missing_guards
from agents.sandboxes.images import image_tag
from agents.sandboxes.profile import PROFILE, UID
from agents.sandboxes.seccomp.engine import security_option

LABEL_OWNER, LABEL_RUN, LABEL_FENCE = "autocoder.installation", "autocoder.run", "autocoder.fence"
STATUS_SECONDS = 30.0
TALK_SECONDS = 30
REMEDY = "Start the Docker engine (or install bubblewrap) and try again."


class DockerSandbox:
    """Containers on the engine that the environment names. ``installation`` keeps those of several sites apart."""

    name = "docker"

    def __init__(self, installation: str) -> None:
        self._installation = installation
        self._client: Any = None
        self._status: tuple[float, SandboxStatus] | None = None

    def status(self) -> SandboxStatus:
        """Does the engine answer, and is the image there? The guards are tested in each container before its use."""
        if self._status is None or time.monotonic() - self._status[0] > STATUS_SECONDS:
            self._status = (time.monotonic(), self._look())
        return self._status[1]

    def has(self, image: str) -> bool:
        """Whether the image was made on this engine."""
        import docker.errors  # noqa: PLC0415

        try:
            return bool(self._connected().images.list(name=image_tag(image)))
        except (docker.errors.DockerException, OSError, LookupError):
            return False

    @contextmanager
    def open(self, *, run: str, fence: int, image: str) -> Iterator[SandboxSession]:
        """Start a container labelled with the run and its fence; it is removed at the end whatever happened."""
        import docker.errors  # noqa: PLC0415 - the SDK takes 0.2 s, and only runs need it

        tag = image_tag(image)
        try:
            container = self._connected().containers.run(tag, **host_configuration(self._labels(run, fence)))
        except docker.errors.ImageNotFound as error:
            raise SandboxUnavailable(
                f"The sandbox image for '{image}' is not there. Make it with: python3 manage.py build_images"
            ) from error
        except (docker.errors.DockerException, OSError) as error:
            raise SandboxUnavailable(f"The Docker engine could not start a sandbox. {REMEDY}") from error
        fault("container_created")
        try:
            session = DockerSession(self._connected(), container)
            problem = missing_guards(session)
            if problem:
                raise SandboxUnavailable(f"The sandbox failed its self-test, so no code runs in it: {problem}.")
            yield session
        finally:
            _remove(container)

    def present(self) -> set[tuple[str, int]]:
        """Run and fence of every container of this installation. Raises SandboxUnavailable."""
        import docker.errors  # noqa: PLC0415

        try:
            return {(c.labels.get(LABEL_RUN, ""), int(c.labels.get(LABEL_FENCE, "0"))) for c in self._ours()}
        except (docker.errors.DockerException, OSError) as error:
            raise SandboxUnavailable(f"No Docker engine answers. {REMEDY}") from error

    def remove_orphans(self, live: Collection[tuple[str, int]]) -> int:
        """Remove this installation's containers whose (run, fence) is not in ``live``; gives how many."""
        import docker.errors  # noqa: PLC0415

        kept = {(run, str(fence)) for run, fence in live}
        try:
            ours = self._ours()
        except (docker.errors.DockerException, OSError):
            return 0
        orphans = [c for c in ours if (c.labels.get(LABEL_RUN), c.labels.get(LABEL_FENCE)) not in kept]
        for container in orphans:
            _remove(container)
        return len(orphans)

    def _ours(self) -> list[Any]:
        label = f"{LABEL_OWNER}={self._installation}"
        return list(self._connected().containers.list(all=True, filters={"label": label}, ignore_removed=True))

    def _labels(self, run: str, fence: int) -> dict[str, str]:
        return {LABEL_OWNER: self._installation, LABEL_RUN: run, LABEL_FENCE: str(fence)}

    def _look(self) -> SandboxStatus:
        import docker.errors  # noqa: PLC0415

        try:
            client = self._connected()
            client.ping()
            client.images.get(image_tag("python"))
        except docker.errors.ImageNotFound:
            return SandboxStatus(
                available=False,
                detail="The sandbox image has not been made yet.",
                remedy="Make it with: python3 manage.py build_images",
            )
        except (docker.errors.DockerException, OSError):
            self._client = None
            return SandboxStatus(available=False, detail="No Docker engine answers.", remedy=REMEDY)
        return SandboxStatus(available=True, detail=f"Docker engine {client.version()['Version']}.")

    def _connected(self) -> Any:
        if self._client is None:
            import docker  # noqa: PLC0415

            self._client = docker.from_env(timeout=TALK_SECONDS)
        return self._client


def host_configuration(labels: dict[str, str]) -> dict[str, Any]:
    """The whole configuration of a container. Nothing in it comes from a model or a user."""
    from docker.types import Ulimit  # noqa: PLC0415

    return {
        "command": ["sleep", "infinity"],
        "detach": True,
        "init": True,
        # The first process is root without any capability, so that unprivileged code cannot end it; commands
        # run as another user, and killing all of that user's processes clears the container.
        "user": "0:0",
        "network_mode": "none",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges", security_option()],
        "mem_limit": PROFILE.memory,
        "memswap_limit": PROFILE.memory,
        "nano_cpus": int(PROFILE.cpus * 1_000_000_000),
        "pids_limit": PROFILE.processes,
        "ipc_mode": "private",
        "shm_size": 16 * 1024 * 1024,
        "ulimits": [
            Ulimit(name="fsize", soft=PROFILE.file_size, hard=PROFILE.file_size),
            Ulimit(name="nofile", soft=PROFILE.open_files, hard=PROFILE.open_files),
            Ulimit(name="core", soft=0, hard=0),
        ],
        # exec: wheels hold native code, and applications start scripts of their own.
        "tmpfs": {
            folder: f"rw,exec,nosuid,nodev,size={size},nr_inodes=20000,uid={UID},gid={UID},mode=700"
            for folder, size in PROFILE.writable.items()
        },
        "log_config": {"Type": "none"},
        "labels": labels,
    }


def _remove(container: Any) -> None:
    import docker.errors  # noqa: PLC0415

    try:
        container.remove(force=True, v=True)
    except docker.errors.NotFound:
        return
    except docker.errors.APIError as error:
        # 409: somebody else, such as the reaper, is removing it already.
        if error.status_code != 409:
            raise
