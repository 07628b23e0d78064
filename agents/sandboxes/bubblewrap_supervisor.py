"""The first process inside a bubblewrap sandbox: executes one command after the other for the host.

Standard library only; runs as ``python3 -I -S bubblewrap_supervisor.py TAG``, where the tag is for the host alone.
It talks in frames over standard input and output: a letter, the payload's length (four bytes, big endian), payload.

    host:  C configuration   S start a command   I a piece of its input (empty: the end)   K kill it   W wipe
    here:  R ready (Python's version)           N next piece, please   O a piece of its output   X its exit code

Each command gets process, mount and IPC namespaces of its own, below this one's. So no program can name this process:
no signal, ptrace, /proc entry or limit reaches it; and when a command's first process ends, the kernel ends all that
the command started. This process keeps CAP_SYS_ADMIN in the sandbox's user namespace (nothing outside it) to make
those namespaces and to mount the writable folders; commands have no capability at all.
"""

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWPID = 0x00020000, 0x08000000, 0x20000000
MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
MNT_DETACH = 2
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 24, 38, 47, 4
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
LAST_CAPABILITY, CAPABILITY_VERSION = 63, 0x20080522
CHUNK = 1 << 16

libc = ctypes.CDLL(None, use_errno=True)


def check(result: int, what: str) -> None:
    """Raise OSError for a failed system call."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def exactly(size: int) -> bytes:
    """So many bytes from the host; ends this process, and with it the sandbox, when the host is gone."""
    taken = b""
    while len(taken) < size:
        piece = os.read(0, size - len(taken))
        if not piece:
            sys.exit(0)
        taken += piece
    return taken


def receive() -> tuple[bytes, bytes]:
    """The next frame of the host."""
    header = exactly(5)
    return header[:1], exactly(int.from_bytes(header[1:], "big"))


def send(kind: bytes, payload: bytes = b"") -> None:
    """Give the host a frame; it always reads while it waits for us."""
    frame = memoryview(kind + len(payload).to_bytes(4, "big") + payload)
    while frame:
        frame = frame[os.write(1, frame) :]


def mount_folder(folder: str, size: int, inodes: int) -> None:
    """Put an empty folder in memory there, of a bounded size and count of files."""
    options = f"size={size},nr_inodes={inodes},mode=700".encode()
    check(libc.mount(b"tmpfs", folder.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, options), f"mount {folder}")


def wipe(folders: dict[str, int], inodes: int) -> None:
    """Replace every writable folder by an empty one; no permission of a file can stand against that."""
    for folder, size in folders.items():
        check(libc.umount2(folder.encode(), MNT_DETACH), f"umount {folder}")
        mount_folder(folder, size, inodes)


def drop_capabilities() -> None:
    """Give up every capability for good, here and in every program that is started from here."""
    for number in range(LAST_CAPABILITY + 1):
        libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0)
    check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "ambient capabilities")
    header, none = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0), (ctypes.c_uint32 * 6)()
    check(libc.capset(header, none), "capset")
    check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")


class Program(ctypes.Structure):
    """What the kernel wants to know of a filter (linux/filter.h)."""

    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def load_filter(instructions: bytes) -> None:
    """Answer the system calls of this process, and of every program that is started from here, by these rules."""
    program = Program(len(instructions) // 8, instructions)
    check(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0), "the filter")


def become_command(order: dict[str, Any], configuration: dict[str, Any]) -> NoReturn:
    """In the first process of the command's namespaces: shed everything, start the program, reap what it leaves."""
    check(libc.mount(b"proc", b"/proc", b"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, None), "mount /proc")
    for name, limit in configuration["limits"].items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        bound = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (bound, bound))
    drop_capabilities()
    load_filter(bytes.fromhex(configuration["filter"]))
    program = os.fork()
    if program == 0:
        # The interpreter ignores these two; programs expect the default.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        try:
            os.chdir(order["folder"])
            os.execvpe(order["argv"][0], order["argv"], order["environment"])  # noqa: S606 - what this is for
        except OSError as error:
            os.write(2, f"{order['argv'][0]}: {error.strerror}\n".encode())
        os._exit(127)
    while True:
        pid, status = os.wait()
        if pid == program:
            os._exit(as_exit_code(status))


def as_exit_code(status: int) -> int:
    """The exit code as a shell tells it: 128 + N for signal N."""
    code = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code


def start(order: dict[str, Any], configuration: dict[str, Any]) -> tuple[int, int, int]:
    """Start a command; gives the pid of its keeper, and the ends of its input and output.

    The keeper holds the output open until the command's namespaces are gone, so the output's end is the command's end,
    whatever the command closes or leaves running.
    """
    input_read, input_write = os.pipe()
    output_read, output_write = os.pipe()
    keeper = os.fork()
    if keeper:
        os.close(input_read)
        os.close(output_write)
        os.set_blocking(input_write, False)
        return keeper, input_write, output_read
    try:
        os.dup2(input_read, 0)
        os.dup2(output_write, 1)
        os.dup2(output_write, 2)
        os.closerange(3, CHUNK)
        check(libc.unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWPID), "unshare")
        first = os.fork()
        if first == 0:
            become_command(order, configuration)
        os.close(0)
        os._exit(as_exit_code(os.waitpid(first, 0)[1]))
    except OSError as error:
        os.write(1, f"{error}\n".encode())
    finally:
        os._exit(126)


def kill_all() -> None:
    """Kill every process of the sandbox but this one, the first."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)


def execute(order: dict[str, Any], configuration: dict[str, Any]) -> int:
    """Run one command to its end, with its input from the host and its output to the host; gives the exit code."""
    bounds = configuration["watch"]
    watcher = start_watcher(bounds) if bounds else 0
    keeper, feed, output = start(order, configuration)
    source = Feed(feed)
    send(b"N")
    while True:
        readable, writable, _ = select.select([0, output], source.waiting(), [])
        if writable:
            source.push()
        if 0 in readable:
            kind, payload = receive()
            if kind == b"K":
                kill_all()
            else:
                source.take(payload)
        if output in readable:
            chunk = os.read(output, CHUNK)
            if not chunk:
                break
            send(b"O", chunk)
    os.close(output)
    source.close()
    status = os.waitpid(keeper, 0)[1]
    kill_all()
    if watcher:
        os.waitpid(watcher, 0)
    return as_exit_code(status)


class Feed:
    """The input of a command, a piece at a time; the program may close its end whenever it likes."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._open, self._pending = descriptor, True, memoryview(b"")

    def waiting(self) -> list[int]:
        """The descriptor when something waits to be written there."""
        return [self._descriptor] if self._pending else []

    def take(self, piece: bytes) -> None:
        """The next piece; an empty one is the end."""
        if piece and self._open:
            self._pending = memoryview(piece)
        else:
            self.close()

    def push(self) -> None:
        """Write what fits, and ask for more when all of it is through."""
        try:
            self._pending = self._pending[os.write(self._descriptor, self._pending) :]
        except BrokenPipeError:
            self.close()
            return
        if not self._pending:
            send(b"N")

    def close(self) -> None:
        """Let the program see the end of its input."""
        if self._open:
            os.close(self._descriptor)
        self._open, self._pending = False, memoryview(b"")


def start_watcher(bounds: dict[str, Any]) -> int:
    """Start the program that bounds the memory, where no control group does; gives its pid."""
    pid = os.fork()
    if pid == 0:
        program = Path(__file__).with_name("bubblewrap_watcher.py")
        os.execv(sys.executable, [sys.executable, "-I", "-S", str(program), json.dumps(bounds)])  # noqa: S606
    return pid


def main() -> None:
    """Set up, then take orders until the host closes the line."""
    os.closerange(3, CHUNK)
    _kind, payload = receive()
    configuration = json.loads(payload)
    folders, inodes = configuration["folders"], configuration["inodes"]
    check(libc.unshare(CLONE_NEWNS), "unshare")
    for folder, size in folders.items():
        mount_folder(folder, size, inodes)
    send(b"R", sys.version.encode())
    while True:
        kind, payload = receive()
        if kind == b"S":
            send(b"X", str(execute(json.loads(payload), configuration)).encode())
        elif kind == b"W":
            wipe(folders, inodes)
            send(b"R")
        # A piece of input or a kill that was meant for a command which ended meanwhile is dropped.


main()
