"""A cable between our processes and the Docker engine, which a test pulls out without touching the engine."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

ENGINE = "/var/run/docker.sock"


class EngineCable:
    """``host`` is what DOCKER_HOST must be."""

    def __init__(self) -> None:
        # The address of a socket is short; folders of tests are deep.
        self._folder = Path(tempfile.mkdtemp(prefix="cable-"))
        self._path = self._folder / "docker.sock"
        self.host = f"unix://{self._path}"
        self._ends: list[socket.socket] = []
        self.plug_in()

    def plug_in(self) -> None:
        """Let connections through."""
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._path))
        self._listener.listen(50)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def pull_out(self) -> None:
        """End every connection, and take no more."""
        self._path.unlink()
        for end in (self._listener, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends.clear()

    def throw_away(self) -> None:
        """Leave nothing behind."""
        if self._path.exists():
            self.pull_out()
        shutil.rmtree(self._folder)

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(ENGINE)
                self._ends += (near, far)
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=_carry, args=(source, target), daemon=True).start()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        # One side may be done while the other still talks, as with a command's input.
        target.shutdown(socket.SHUT_WR)
