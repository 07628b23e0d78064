"""Runs one command inside a sandbox: measure.py MARK SECONDS COMMAND...

Standard error goes where standard output goes, so that lines stay in their order. Kills everything at the limit and
whatever the command leaves behind, then writes a last line:
MARK, 'end' or 'timeout', CPU seconds, peak resident bytes. The figures are shown, nothing is judged by them.
Exits as the command did; 128 + N for signal N.
"""

import contextlib
import os
import resource
import signal
import subprocess
import sys


def kill_all() -> None:
    """Kill every process of this user; the kernel leaves out the one that asks."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)


def main() -> int:
    """Run the command and write the last line; gives the exit code."""
    mark, seconds, command = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
    word = "end"
    try:
        process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.STDOUT)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}")
        return 127
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        word = "timeout"
        kill_all()
        code = process.wait()
    kill_all()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"\n{mark} {word} {used.ru_utime + used.ru_stime:.3f} {used.ru_maxrss * 1024}")
    return 128 - code if code < 0 else code


sys.exit(main())
