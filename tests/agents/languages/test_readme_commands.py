"""Every command of the README of every offline application works as it is written there, in that order."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import docker
import pytest

from agents.languages import TOOLCHAINS
from agents.sandboxes.images import image_tag
from tests.agents.languages.delivering import COMMON, GO, NODE, build_on, delivered, packed, proxies

pytestmark = pytest.mark.sandbox
SENTENCES = {
    "REST API": "A todo list REST API with title and done flag",
    "CLI tool": "A command line tool to analyse CSV files",
    "data processor": "A data processor that makes a report of sales CSV data",
    "web page": "A landing page for a bakery",
}
# A curl line stays as it is: its own settings make it fail at an error's status, and tell the status at the end.
_CURL = """\
RUN apt-get update -qq && apt-get install -qq --no-install-recommends curl >/dev/null \\
 && printf 'fail\\nsilent\\nshow-error\\nwrite-out = "\\\\n%%{http_code}"\\n' > /root/.curlrc
"""
# Both folders last from one container to the next: the application, and the environment that 'pip' installs into.
_PIP = "RUN printf '#!/bin/sh\\nexec uv pip \"$@\"\\n' > /usr/local/bin/pip && chmod 755 /usr/local/bin/pip\n"
_TOOLS = {
    "python": f"{_PIP}ENV VIRTUAL_ENV=/home/dev/venv PATH=/home/dev/venv/bin:$PATH\n",
    "node": f"{NODE}\n",
    "go": GO,
}
# Needs an engine of its own; test_dockerfiles.py builds the images and starts them.
_ELSEWHERE = ("docker build ", "docker run ")
_ONLINE = ("pip install ", "npm ci")
_INLINE = re.compile(r"`((?:python|pip|node|npm|go) [^`]+)`")


def commands(readme: str, description: str) -> list[str]:
    """The commands of a README in its order: indented lines but the quoted description, and those in sentences."""
    assert "```" not in readme, "blocks are indented in these files, and only such are read here"
    quoted, found = f"\n\n    {description}\n\n", []
    assert readme.count(quoted) == 1
    for line in readme.replace(quoted, "\n\n").splitlines():
        if not line.startswith("    "):
            found += _INLINE.findall(line)
        elif found and found[-1].endswith("\\"):
            found[-1] += "\n" + line
        else:
            found.append(line.removeprefix("    "))
    return [command for command in found if not command.startswith(_ELSEWHERE)]


@pytest.fixture(scope="module")
def images() -> Iterator[dict[str, str]]:
    """An image for each language's tools, made when it is first asked for."""
    client, made = docker.from_env(timeout=300), _Images()
    yield made
    for tag in made.values():
        client.images.remove(tag, force=True)


class _Images(dict[str, str]):
    """Images by the sandbox's name for their tools."""

    def __missing__(self, name: str) -> str:
        tag = f"autocoder-readme-{name}-{uuid4().hex[:12]}"
        recipe = f"FROM {image_tag(name)}\n{COMMON}{_CURL}{_TOOLS[name]}"
        build_on(docker.from_env(timeout=300), recipe, tag)
        self[name] = tag
        return tag


class Terminal:
    """A developer's machine: a container without a network, and a short one with it for what installs."""

    def __init__(self, client: Any, image: str, volume: str) -> None:
        self._client, self._image, self._server = client, image, ""
        self._place = {"volumes": {volume: {"bind": "/home/dev"}}, "working_dir": "/home/dev/app"}
        self.container = client.containers.run(
            image, ["sleep", "infinity"], detach=True, init=True, network_mode="none", **self._place
        )

    def run(self, command: str) -> str:
        """Run a command as it is written, to its end; gives what it wrote."""
        if command.startswith(_ONLINE):
            return self._install(command)
        code, output = self.container.exec_run(["bash", "-c", command])
        assert code == 0, f"{command}\nended with {code}:\n{output.decode()[-3000:]}"
        return str(output.decode())

    def _install(self, command: str) -> str:
        one = self._client.containers.run(
            self._image, ["bash", "-c", command], detach=True, network_mode="host", environment=proxies(), **self._place
        )
        try:
            code, output = one.wait()["StatusCode"], one.logs().decode()
        finally:
            one.remove(force=True)
        assert code == 0, f"{command}\nended with {code}:\n{output[-3000:]}"
        return str(output)

    def start(self, command: str, port: int) -> None:
        """Start a server as it is written, and wait for its port."""
        script = 'setsid bash -c "$1" > /tmp/log 2>&1 & echo $!'
        self._server = self.container.exec_run(["bash", "-c", script, "start", command]).output.decode().strip()
        until = time.monotonic() + 240
        while self.container.exec_run(["bash", "-c", f": < /dev/tcp/127.0.0.1/{port}"]).exit_code != 0:
            running = self.container.exec_run(["bash", "-c", f"kill -0 {self._server}"]).exit_code == 0
            assert running, f"{command}\nended:\n{self.run('cat /tmp/log')[-3000:]}"
            assert time.monotonic() < until, self.run("cat /tmp/log")[-3000:]
            time.sleep(0.2)

    def stop(self) -> None:
        """End the server, where one runs."""
        if self._server:
            self.run(f"kill -- -{self._server}")
            self._server = ""


@contextmanager
def terminal(image: str) -> Iterator[Terminal]:
    """A developer's machine for the while."""
    client = docker.from_env(timeout=300)
    volume, made = client.volumes.create(f"autocoder-readme-{uuid4().hex[:12]}"), None
    try:
        made = Terminal(client, image, volume.name)
        yield made
    finally:
        if made:
            made.container.remove(force=True)
        volume.remove(force=True)


@pytest.mark.parametrize("kind", SENTENCES)
@pytest.mark.parametrize("key", sorted(TOOLCHAINS))
def test_every_command_of_the_readme_works_as_written(key: str, kind: str, images: dict[str, str]) -> None:
    files, planned = delivered(key, SENTENCES[kind])
    written = commands(files["README.md"].text, SENTENCES[kind])
    assert planned.test in written
    assert planned.port is None or planned.start in written
    with terminal(images[TOOLCHAINS[key].image]) as shell:
        shell.container.put_archive("/home/dev/app", packed(files).read())
        if key == "python":
            shell.run("uv venv -q --no-project /home/dev/venv")
        for command in written:
            if planned.port and command == planned.start:
                shell.start(command, planned.port)
            elif command.startswith("curl "):
                status = shell.run(command).splitlines()[-1]
                assert status.startswith("2"), f"{command}\nanswered {status}"
            else:
                shell.stop()
                shell.run(command)
