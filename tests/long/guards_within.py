"""Guards behind the container: the filter, bubblewrap, streams, output, paths, manifests."""

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


def of(file: str, tests: tuple[str, ...], *guards: tuple[str, ...]) -> list[Guard]:
    """Guards in one file: name, old, new, and words that choose among the tests where those take long."""
    word = file.rpartition("/")[2]
    return [
        Guard(f"{word}: {name}", file, old, new, (*tests, "-k", choice[0]) if choice else tests)
        for name, old, new, *choice in guards
    ]


_COMMANDS, _STREAMS = "agents/sandboxes/command_session.py", "agents/sandboxes/streams.py"
_OUTPUT = "agents/sandboxes/output.py"
_RULES, _PROGRAM, _ENGINE = (f"agents/sandboxes/seccomp/{name}.py" for name in ("rules", "program", "engine"))
_LINE, _WORDS = "agents/sandboxes/bubblewrap_line.py", "agents/sandboxes/bubblewrap_system.py"
_SUPERVISOR = "agents/sandboxes/bubblewrap_supervisor.py"

WITHIN: list[Guard] = [
    *of(
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
    *of(
        _ENGINE,
        (SECCOMP, *IN_DOCKER),
        ("what is not named is refused", '"defaultAction": REFUSE', '"defaultAction": ALLOW'),
        ("no 32-bit programs", '"subArchitectures": []', '"subArchitectures": ["SCMP_ARCH_X86"]'),
    ),
    *of(
        _PROGRAM,
        (SECCOMP,),
        ("no 32-bit programs", "_step(EQUAL, target.audit, yes=1)", "_step(EQUAL, target.audit, yes=1, no=1)"),
        ("no x32 programs", "_step(AT_LEAST, X32_BIT, no=1)", "_step(AT_LEAST, X32_BIT, no=1, yes=1)"),
        ("what is not named is refused", "unknown = ERRNO | errno.ENOSYS", "unknown = ALLOW"),
        ("arguments are masked", "_step(AND, argument.mask)", "_step(AND, 0)"),
    ),
    *of(
        _SUPERVISOR,
        (BUBBLEWRAP, SECCOMP, LIMITS, CONTAINED, FILES, PROCESSES, *IN_BUBBLEWRAP),
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
        ("folders: no setuid", "MS_NOSUID | MS_NODEV, options", "MS_NODEV, options", "mounted and bubblewrap"),
        (
            "wipe",
            "check(libc.umount2(folder.encode(), MNT_DETACH)",
            "continue\n        check(libc.umount2(folder.encode(), MNT_DETACH)",
        ),
        ("watched where there is no group", "start_watcher(bounds) if bounds else 0", "0", "memory and without"),
    ),
    *of(
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
    *of(
        _LINE,
        (SANDBOXES, PROCESSES, *IN_BUBBLEWRAP),
        ("no environment of ours", "env=dict(ENVIRONMENT),", "env=None,", "bubblewrap and environment"),
    ),
    *of(
        "agents/sandboxes/bubblewrap_groups.py",
        (LIMITS, BUBBLEWRAP),
        (
            "limit of memory",
            '"memory.limit_in_bytes": str(profile.memory),\n            "memory.memsw.limit_in_bytes?": str(profile.memory),',
            '"memory.limit_in_bytes": "-1",',
            "bubblewrap and memory",
        ),
        (
            "limit of processes",
            '{"pids.max": str(profile.processes)}',
            '{"pids.max": "max"}',
            "control_groups_carry",
        ),
    ),
    *of(
        _STREAMS,
        (STREAMS, FILES),
        ("plain files only", "not member.isreg() or ", ""),
        ("no sparse files", "member.issparse() or ", ""),
        ("size of a file", "not 0 <= member.size <= MAX_FILE_BYTES", "False"),
        ("safe paths", 'return safe_relpath(member.name.removeprefix("./"))', 'return member.name.removeprefix("./")'),
        ("size in all", "total + member.size > MAX_TOTAL_BYTES or ", ""),
        ("count of files", " or len(found) >= MAX_FILES", ""),
        ("one of two look-alikes", "found[path.casefold()]", "found[path + str(len(found))]"),
    ),
    *of(
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
            "bubblewrap and slow_reader",
        ),
        ("stop is asked", "if stop():", "if False:", "docker and stop"),
    ),
    *of(
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
        ("marks of direction are shown", ", *range(0x202A, 0x202F), *range(0x2066, 0x206A)", ""),
        ("broken bytes are marked", '("utf-8")("replace")', '("utf-8")("strict")'),
        ("the wrapper's line is hidden", "at = text.find(self._mark) if self._mark else -1", "at = -1"),
    ),
    *of(
        "agents/languages/python_manifest.py",
        ("tests/agents/languages/test_manifests.py",),
        ("no options", 'if line.startswith("-") or "\\\\" in line:', "if False:"),
        ("no addresses", "if requirement.url:", "if False:"),
    ),
    *of(
        "agents/paths.py",
        (STREAMS,),
        ("below the folder", 'any(part in ("", ".", "..") for part in parts)', "False"),
        ("depth", "elif len(parts) > MAX_DEPTH:", "elif False:"),
        ("characters", "elif _FORBIDDEN.search(path) or not path.isprintable():", "elif False:"),
        ("places", "elif parts[0] in _FORBIDDEN_FIRST or path", "elif path"),
    ),
]
