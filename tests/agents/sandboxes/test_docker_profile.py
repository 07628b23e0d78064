"""The whole configuration of a container, word by word: whatever is changed or taken away shows here."""

from __future__ import annotations

from agents.sandboxes.docker_container import host_configuration
from agents.sandboxes.seccomp.engine import security_option

TMPFS = "rw,exec,nosuid,nodev,size={},nr_inodes=20000,uid=10001,gid=10001,mode=700"
GOLDEN = {
    "command": ["sleep", "infinity"],
    "detach": True,
    "init": True,
    "user": "0:0",
    "network_mode": "none",
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges", security_option()],
    "mem_limit": 1073741824,
    "memswap_limit": 1073741824,
    "nano_cpus": 2000000000,
    "pids_limit": 256,
    "ipc_mode": "private",
    "cgroupns": "private",
    "shm_size": 16777216,
    "ulimits": [
        {"Name": "fsize", "Soft": 201326592, "Hard": 201326592},
        {"Name": "nofile", "Soft": 1024, "Hard": 1024},
        {"Name": "core", "Soft": 0, "Hard": 0},
    ],
    "tmpfs": {
        "/work": TMPFS.format(268435456),
        "/deps": TMPFS.format(402653184),
        "/tmp": TMPFS.format(134217728),
    },
    "log_config": {"Type": "none"},
    "labels": {"autocoder.run": "a run"},
}


def test_the_configuration_is_the_golden_one() -> None:
    assert host_configuration({"autocoder.run": "a run"}) == GOLDEN


def test_nothing_of_the_host_is_lent() -> None:
    lent = {
        "volumes",
        "binds",
        "mounts",
        "devices",
        "privileged",
        "cap_add",
        "pid_mode",
        "network",
        "ports",
        "environment",
    }
    assert not lent & host_configuration({}).keys()
