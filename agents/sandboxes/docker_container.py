"""What a container is made of, and how it is started and removed."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import Any

from agents.sandboxes.profile import PROFILE, UID
from agents.sandboxes.seccomp.engine import security_option

logger = logging.getLogger(__name__)


def host_configuration(labels: dict[str, str], runtime: str = "") -> dict[str, Any]:
    """The whole configuration of a container. Nothing in it comes from a model or a user."""
    from docker.types import Ulimit  # noqa: PLC0415 - the SDK takes 0.2 s, and only runs need it

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
        "cgroupns": "private",
        "shm_size": PROFILE.shared_memory,
        "ulimits": [
            Ulimit(name="fsize", soft=PROFILE.file_size, hard=PROFILE.file_size),
            Ulimit(name="nofile", soft=PROFILE.open_files, hard=PROFILE.open_files),
            Ulimit(name="core", soft=0, hard=0),
        ],
        # exec: wheels hold native code, and applications start scripts of their own.
        "tmpfs": {
            folder: f"rw,exec,nosuid,nodev,size={size},nr_inodes={PROFILE.files},uid={UID},gid={UID},mode=700"
            for folder, size in PROFILE.writable.items()
        },
        "log_config": {"Type": "none"},
        "labels": labels,
        **({"runtime": runtime} if runtime else {}),
    }


def start(client: Any, image: str, configuration: dict[str, Any]) -> Any:
    """Make and start a container from an image that is there. Nothing is pulled. Raises what the engine's client does.

    What could not be started is removed.
    """
    container = client.containers.create(image, **configuration)
    with ExitStack() as undo:
        undo.callback(remove, container)
        container.start()
        undo.pop_all()
    return container


def remove(container: Any) -> bool:
    """Remove a container with all that runs in it; False when that must be left to the reaper, as without an engine."""
    import docker.errors  # noqa: PLC0415

    try:
        container.remove(force=True, v=True)
    except docker.errors.NotFound:
        return True
    except (docker.errors.DockerException, OSError) as error:
        # 409: somebody else, such as the reaper, is removing it already.
        if getattr(error, "status_code", None) != 409:
            logger.warning("The container %s could not be removed; it is tried again later", container.short_id)
            return False
    return True
