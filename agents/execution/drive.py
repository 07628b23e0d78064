"""Runs inside the sandbox: starts a server, sends it requests, tells what came back. Standard library only.

Standard input: {"mark", "start", "port", "seconds", "probes": [{"method", "path", "body"}], "renderer"}.
Standard output: the server's own output, then one line: the mark, a space, and
{"listening": bool, "exit": int | null, "answers": [{"status": int | null, "detail": str}], "page": what "renderer"
(a program, "" for none) printed about the page at "/", or null}.
"""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from typing import Any

DETAIL = 400
OUTPUT = 20_000
RENDER_SECONDS = 60


def listening(port: int) -> bool:
    """Whether something accepts connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def send(port: int, probe: dict[str, Any]) -> dict[str, Any]:
    """The status and the start of the body of one answer; None when nothing answered."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    body = None if probe["body"] is None else json.dumps(probe["body"])
    headers = {"Content-Type": "application/json"} if body else {}
    try:
        connection.request(probe["method"], probe["path"], body, headers)
        answer = connection.getresponse()
        return {"status": answer.status, "detail": answer.read(65536)[:DETAIL].decode("utf-8", "replace")}
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        return {"status": None, "detail": f"{type(error).__name__}: {error}"[:DETAIL]}
    finally:
        connection.close()


def look(port: int, renderer: str) -> dict[str, Any]:
    """What the renderer says about the page."""
    command = [sys.executable, "-c", renderer, f"http://127.0.0.1:{port}/"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=RENDER_SECONDS, check=True)
        found: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError) as error:
        return {"problem": f"The page could not be looked at: {type(error).__name__}"}
    return found


def main() -> None:
    """Start, wait for the port, send the probes, end the server, report."""
    order = json.load(sys.stdin)
    with tempfile.TemporaryFile() as output:
        server = subprocess.Popen(
            ["sh", "-c", order["start"]],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        deadline = time.monotonic() + order["seconds"]
        up = False
        while time.monotonic() < deadline and server.poll() is None and not up:
            up = listening(order["port"])
            if not up:
                time.sleep(0.05)
        answers = [send(order["port"], probe) for probe in order["probes"]] if up else []
        page = look(order["port"], order["renderer"]) if up and order["renderer"] else None
        ended = server.poll()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        output.seek(0, os.SEEK_END)
        output.seek(max(0, output.tell() - OUTPUT))
        sys.stdout.buffer.write(output.read())
    report = {"listening": up, "exit": ended, "answers": answers, "page": page}
    sys.stdout.write(f"\n{order['mark']} {json.dumps(report)}\n")


main()
