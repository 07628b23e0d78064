"""The guards of the sandbox, each with the text that makes it and the tests that must turn red without it."""

# ruff: noqa: E501 - pieces of code, as they stand there

from __future__ import annotations

from dataclasses import dataclass

HERE = "tests/agents/sandboxes"
GOLDEN, SELF_TEST = f"{HERE}/test_docker_profile.py", f"{HERE}/test_self_test.py"
SANDBOXES, LIMITS, CONTAINED = (f"{HERE}/test_{name}.py" for name in ("sandboxes", "limits", "containment"))
SECCOMP, BUBBLEWRAP, OUTPUT = (f"{HERE}/test_{name}.py" for name in ("seccomp", "bubblewrap", "output"))
STREAMS = f"{HERE}/test_streams.py"
NETWORK, PROCESSES, FILES, FLOODS = (
    f"{HERE}/test_hostile_{name}.py" for name in ("network", "processes", "files", "output")
)
IN_DOCKER, IN_BUBBLEWRAP = ("-k", "not bubblewrap"), ("-k", "not docker")


@dataclass(frozen=True, slots=True)
class Guard:
    """``old`` in ``file`` is the guard, ``new`` is the code without it; one of ``tests`` has to fail then."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def _of(file: str, tests: tuple[str, ...], *guards: tuple[str, ...]) -> list[Guard]:
    """Guards in one file: name, old, new, and words that choose among the tests where those take long."""
    word = file.rpartition("/")[2]
    return [
        Guard(f"{word}: {name}", file, old, new, (*tests, "-k", choice[0]) if choice else tests)
        for name, old, new, *choice in guards
    ]


_CONTAINER = "agents/sandboxes/docker_container.py"
_DOCKER, _SESSION = "agents/sandboxes/docker.py", "agents/sandboxes/docker_session.py"
_COMMANDS, _STREAMS = "agents/sandboxes/command_session.py", "agents/sandboxes/streams.py"
_OUTPUT, _PROBE = "agents/sandboxes/output.py", "agents/sandboxes/guards_probe.py"
_RULES, _PROGRAM, _ENGINE = (f"agents/sandboxes/seccomp/{name}.py" for name in ("rules", "program", "engine"))
_LINE, _WORDS = "agents/sandboxes/bubblewrap_line.py", "agents/sandboxes/bubblewrap_system.py"
_SUPERVISOR = "agents/sandboxes/bubblewrap_supervisor.py"

GUARDS: list[Guard] = [
    *_of(
        _CONTAINER,
        (GOLDEN, NETWORK, CONTAINED, LIMITS, *IN_DOCKER),
        ("no network", '"network_mode": "none"', '"network_mode": "bridge"'),
        ("read-only root", '"read_only": True', '"read_only": False'),
        ("no capabilities", '"cap_drop": ["ALL"],', ""),
        ("no new privileges", '"no-new-privileges", ', ""),
        ("filter of system calls", ", security_option()", ""),
        ("limit of memory", '"mem_limit": PROFILE.memory,\n        "memswap_limit": PROFILE.memory,', ""),
        ("no swap", '"memswap_limit": PROFILE.memory,', '"memswap_limit": -1,'),
        ("limit of processors", '"nano_cpus": int(PROFILE.cpus * 1_000_000_000),', ""),
        ("limit of processes", '"pids_limit": PROFILE.processes,', ""),
        ("own IPC", '"ipc_mode": "private",', '"ipc_mode": "shareable",'),
        ("own view of control groups", '"cgroupns": "private",', '"cgroupns": "host",'),
        ("size of /dev/shm", '"shm_size": PROFILE.shared_memory,', ""),
        ("limit of a file's size", 'Ulimit(name="fsize", soft=PROFILE.file_size, hard=PROFILE.file_size),', ""),
        ("limit of open files", 'Ulimit(name="nofile", soft=PROFILE.open_files, hard=PROFILE.open_files),', ""),
        ("no core files", 'Ulimit(name="core", soft=0, hard=0),', ""),
        ("folders: no setuid", "nosuid,", ""),
        ("folders: no devices", "nodev,", ""),
        ("folders: size", "size={size},", ""),
        ("folders: count of files", "nr_inodes={PROFILE.files},", ""),
        ("folders: closed to others", ",mode=700", ",mode=777"),
        ("no log on the host", '"log_config": {"Type": "none"},', ""),
        ("an init that reaps", '"init": True,', ""),
        ("first process of another user", '"user": "0:0",', '"user": f"{UID}:{UID}",'),
    ),
    *_of(
        _SESSION,
        (SANDBOXES, FLOODS, FILES, PROCESSES),
        ("commands are an ordinary user's", 'user=f"{UID}:{UID}"', 'user="0:0"', "docker and measured"),
        ("wipe ends processes", "        self._kill_all()\n        line", "        line", "emptying"),
        ("wipe empties shared memory", "/dev/shm /dev/mqueue", "", "docker and wipe"),
        ("wipe removes segments", " && ipcrm --all=shm && ipcrm --all=sem", "", "docker and outlasts"),
        ("a flood is ended", "or call.flooded()", "", "docker and endless"),
        ("stop is obeyed", "stopping = call.stop()", "stopping = False", "docker and stop"),
        ("both streams are read", 'rest = int.from_bytes(header[4:8], "big")', "rest = 0", "docker and measured"),
    ),
    *_of(
        _DOCKER,
        (GOLDEN, SELF_TEST, PROCESSES, *IN_DOCKER),
        (
            "a failed self-test refuses",
            "if verdict.problem:\n                raise",
            "if False:\n                raise",
            "without_a_guard",
        ),
        (
            "a failed self-test is the status",
            "        if verdict.problem:\n            return",
            "        if False:\n            return",
            "is_the_status",
        ),
        ("the image's digest is compared", "if known and known != digest:", "if False:", "exchanged"),
        ("a new digest is remembered", "if not known:", "if False:", "believed_for_a_while"),
        (
            "started by digest",
            "container = start(self._connected(), digest, host_configuration(labels",
            "container = start(self._connected(), image_tag(image), host_configuration(labels",
        ),
        ("the runtime must be there", "if self._runtime and self._runtime not in runtimes:", "if False:", "runtime"),
        (
            "the runtime is asked for",
            "host_configuration(labels, self._runtime)",
            "host_configuration(labels)",
            "runtime",
        ),
        (
            "removed at the end",
            "            yield session\n        finally:\n            remove(container)",
            "            yield session\n        finally:\n            pass",
            "without_a_guard",
        ),
        (
            "orphans are told by their fence",
            "c.labels.get(LABEL_FENCE)) not in kept",
            '"3") not in kept',
            "worker_was_killed",
        ),
        (
            "another configuration is tested anew",
            ", host_configuration({}, self._runtime))",
            ")",
            "believed_for_a_while",
        ),
    ),
    *_of(
        "agents/sandboxes/records.py",
        (SELF_TEST,),
        ("only a passed test is believed", "and not known.problem ", ""),
        ("only for a while", "0 <= time.time() - self.at < FRESH_SECONDS", "True"),
    ),
    *_of(
        "agents/sandboxes/__init__.py",
        (SELF_TEST,),
        ("nothing takes a runtime's place", '    if options.runtime:\n        return ("docker",)\n', ""),
    ),
    *_of(
        _PROBE,
        (SELF_TEST,),
        (
            "user",
            '"it runs as another user than it should": {os.getuid()',
            '"it runs as another user than it should": 0 and {os.getuid()',
        ),
        ("capabilities", '"it has capabilities": any(', '"it has capabilities": 0 and any('),
        ("privileges", '"it may gain privileges": ', '"it may gain privileges": 0 and '),
        ("network", '"it has a network": ', '"it has a network": 0 and '),
        ("sockets", '"it can open sockets past its network": ', '"it can open sockets past its network": 0 and '),
        (
            "calls",
            '"it can make system calls that no application needs": ',
            '"it can make system calls that no application needs": 0 and ',
        ),
        (
            "environment",
            '"it sees more environment than it is given": ',
            '"it sees more environment than it is given": 0 and ',
        ),
        ("system", '"it can write to the system": ', '"it can write to the system": 0 and '),
        ("socket of Docker", '"it sees the Docker socket": ', '"it sees the Docker socket": 0 and '),
        ("folders", '"it cannot write to /work": ', '"it cannot write to /work": 0 and '),
        ("limits", '"it has wider limits than it should": ', '"it has wider limits than it should": 0 and '),
    ),
    *_of(
        _RULES,
        (SECCOMP,),
        ("families of sockets", "(UNIX, INET, INET6, NETLINK),", "(UNIX, INET, INET6, NETLINK, 40),"),
        ("namespaces of a clone", "        mask=NAMESPACES,", "        mask=0x20000000,"),
        ("personality", "        (0, 0xFFFFFFFF),\n", "        (0, 0xFFFFFFFF, 0x0040000),\n"),
        (
            "queued calls are refused",
            '"io_uring_setup io_uring_enter io_uring_register",',
            '"io_uring_enter io_uring_register",',
        ),
    ),
    *_of(
        _ENGINE,
        (SECCOMP, *IN_DOCKER),
        ("what is not named is refused", '"defaultAction": REFUSE', '"defaultAction": ALLOW'),
        ("no 32-bit programs", '"subArchitectures": []', '"subArchitectures": ["SCMP_ARCH_X86"]'),
    ),
    *_of(
        _PROGRAM,
        (SECCOMP,),
        ("no 32-bit programs", "_step(EQUAL, target.audit, yes=1)", "_step(EQUAL, target.audit, yes=1, no=1)"),
        ("no x32 programs", "_step(AT_LEAST, X32_BIT, no=1)", "_step(AT_LEAST, X32_BIT, no=1, yes=1)"),
        ("what is not named is refused", "unknown = ERRNO | errno.ENOSYS", "unknown = ALLOW"),
        ("arguments are masked", "_step(AND, argument.mask)", "_step(AND, 0)"),
    ),
    *_of(
        _SUPERVISOR,
        (BUBBLEWRAP, SECCOMP, LIMITS, CONTAINED, FILES, *IN_BUBBLEWRAP),
        (
            "the filter of a command",
            '    load_filter(bytes.fromhex(configuration["filter"]))\n',
            "",
            "bubblewrap and (refused or namespace)",
        ),
        ("no capabilities", "    drop_capabilities()\n    load", "    load"),
        (
            "limits of a process",
            "        resource.setrlimit(kind, (bound, bound))",
            "        pass",
            "bubblewrap and (big_file or open_files)",
        ),
        (
            "own processes",
            "CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWPID)",
            "CLONE_NEWNS | CLONE_NEWIPC)",
            "each_command or only_end_itself",
        ),
        (
            "own IPC",
            "CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWPID)",
            "CLONE_NEWNS | CLONE_NEWPID)",
            "shared_memory or outlasts",
        ),
        ("folders: size", "size={size},", ""),
        ("folders: count of files", "nr_inodes={inodes},", ""),
        ("folders: no setuid", "MS_NOSUID | MS_NODEV, options", "MS_NODEV, options"),
        (
            "wipe",
            "check(libc.umount2(folder.encode(), MNT_DETACH)",
            "continue\n        check(libc.umount2(folder.encode(), MNT_DETACH)",
        ),
        ("watched where there is no group", "start_watcher(bounds) if bounds else 0", "0", "memory and without"),
    ),
    *_of(
        _WORDS,
        (BUBBLEWRAP, NETWORK, CONTAINED, PROCESSES, *IN_BUBBLEWRAP),
        ("no network", '        "--unshare-net",\n', ""),
        ("own processes", '        "--unshare-pid",\n', ""),
        ("read-only root", '"--remount-ro", "/dev", "--remount-ro", "/"]', '"--remount-ro", "/dev"]'),
        ("ends with its worker", '"--die-with-parent", ', "", "worker"),
        (
            "an ordinary user's",
            'words += ["--uid", str(UID), "--gid", str(UID), ',
            'words += ["--uid", "0", "--gid", "0", ',
        ),
    ),
    *_of(
        _LINE,
        (SANDBOXES, PROCESSES, *IN_BUBBLEWRAP),
        ("no environment of ours", "env=dict(ENVIRONMENT),", "env=None,", "bubblewrap and environment"),
    ),
    *_of(
        "agents/sandboxes/bubblewrap_groups.py",
        (LIMITS, *IN_BUBBLEWRAP),
        (
            "limit of memory",
            '"memory.limit_in_bytes": str(profile.memory),',
            '"memory.limit_in_bytes": "-1",',
            "bubblewrap and memory",
        ),
        (
            "limit of processes",
            '{"pids.max": str(profile.processes)}',
            '{"pids.max": "max"}',
            "bubblewrap and processes",
        ),
    ),
    *_of(
        _STREAMS,
        (STREAMS, FILES),
        ("plain files only", "not member.isreg() or ", ""),
        ("no sparse files", "member.issparse() or ", ""),
        ("size of a file", "not 0 <= member.size <= MAX_FILE_BYTES", "False"),
        ("safe paths", 'return safe_relpath(member.name.removeprefix("./"))', 'return member.name.removeprefix("./")'),
        ("size in all", "total + member.size > MAX_TOTAL_BYTES or ", ""),
        ("count of files", " or len(found) >= MAX_FILES", ""),
        ("one of two look-alikes", "path.casefold() in found or ", ""),
    ),
    *_of(
        _COMMANDS,
        (FILES, FLOODS, SANDBOXES, *IN_DOCKER),
        (
            "too much is said",
            "if len(taken) > MAX_STREAM_BYTES:\n            raise",
            "if False:\n            raise",
            "docker and too_much",
        ),
        (
            "no reader holds a program up",
            "running = executor.submit(self.execute, call, output.add)",
            "running = executor.submit(self.execute, call, lambda c: (output.add(c), on_output and on_output(output.take()))[0])",
            "docker and slow_reader",
        ),
        ("stop is asked", "if stop():", "if False:", "docker and stop"),
    ),
    *_of(
        _OUTPUT,
        (OUTPUT, FLOODS),
        (
            "output is cut",
            "self._cleaner.feed(self._decoder.decode(chunk[:room]))",
            "self._cleaner.feed(self._decoder.decode(chunk))",
        ),
        ("the cut is said", "            if self.truncated:\n", "            if False:\n"),
        ("a flood is noticed", "return self._seen > FLOOD", "return False"),
        (
            "escape sequences go",
            '("", len(text)) if end < 0 else ("escape", end + 1)',
            '("", len(text)) if end < 0 else ("", end + 1)',
        ),
        ("control characters are shown", ".translate(_NEVER_PRINTED)", ""),
        ("marks of direction are shown", "range(0x202A, 0x202F), *range(0x2066, 0x206A)", ""),
        ("broken bytes are marked", '("utf-8")("replace")', '("utf-8")("strict")'),
        ("the wrapper's line is hidden", "at = text.find(self._mark) if self._mark else -1", "at = -1"),
    ),
    *_of(
        "agents/languages/python_manifest.py",
        (FILES, "-k", "manifest"),
        ("no options", 'if line.startswith("-") or "\\\\" in line:', "if False:"),
        ("no addresses", "if requirement.url:", "if False:"),
    ),
    *_of(
        "agents/paths.py",
        (STREAMS,),
        ("below the folder", 'any(part in ("", ".", "..") for part in parts)', "False"),
        ("depth", "elif len(parts) > MAX_DEPTH:", "elif False:"),
        ("characters", "elif _FORBIDDEN.search(path) or not path.isprintable():", "elif False:"),
        ("places", "elif parts[0] in _FORBIDDEN_FIRST or path", "elif path"),
    ),
]
