"""npm packages: fetched from the person's own registry without running them, checked, cached, and installed offline."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.errors import DependencyError, Stopped
from agents.languages import TOOLCHAINS
from agents.languages.base import Fetched, PackageCache
from agents.sandboxes.base import shell
from agents.sandboxes.docker import DockerSandbox
from agents.types import SourceFile
from tests.agents.languages.registry import Registry, npm_registry

NODE = TOOLCHAINS["javascript"]
GREEDY = {"scripts": {f"{step}install": "touch $MARK; touch /tmp/ran" for step in ("pre", "", "post")}}


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """The registry that this machine's settings name."""
    with npm_registry() as found:
        monkeypatch.setenv("npm_config_registry", found.address)
        monkeypatch.setenv("npm_config_omit_lockfile_registry_resolved", "false")
        yield found


def fetch(cache: PackageCache, *lines: str) -> Fetched:
    return NODE.fetch(lines, cache, stop=lambda: False)


@pytest.mark.sandbox
def test_packages_come_from_the_machines_registry_run_nowhere_and_are_installed_offline(
    registry: Registry, cache: PackageCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "mark"
    monkeypatch.setenv("MARK", str(mark))
    registry.add("@scope/left", dependencies={"right": "^1.0.0"}, **GREEDY)
    registry.add("right", **GREEDY)
    fetched = fetch(cache, "@scope/left@^1.0.0")
    assert not fetched.from_cache
    assert not mark.exists()
    assert registry.address not in fetched.lock
    seen = len(registry.asked)
    assert fetch(cache, "@scope/left@^1.0.0").from_cache
    assert len(registry.asked) == seen

    manifest = NODE.write_manifest("", ("@scope/left@^1.0.0",))
    files = [SourceFile(path, text.encode()) for path, text in NODE.lock_files(fetched, manifest).items()]
    show = SourceFile("show.cjs", b"console.log(require('@scope/left'), require('right'));")
    with DockerSandbox("tests of npm").open(run="npm", fence=1, image="node") as session:
        session.put(fetched.files, "/deps")
        session.put((*files, show, SourceFile("package.json", manifest.encode())))
        for line in (NODE.install, "node show.cjs", "npm ci", "rm -r node_modules package-lock.json; npm install"):
            done = session.run(shell(line, 60, NODE.environment))
            assert done.exit_code == 0, done.output
        assert session.run(shell("node show.cjs", 60)).output.strip() == "@scope/left right"
        assert session.run(shell("test ! -e /tmp/ran", 60)).exit_code == 0


@pytest.mark.parametrize(
    "wanted",
    ["git+https://127.0.0.1:9/a.git", "http://127.0.0.1:9/a.tgz", "file:../../etc", "github:someone/a"],
)
def test_what_a_package_asks_for_comes_from_the_registry_too(
    registry: Registry, cache: PackageCache, wanted: str
) -> None:
    registry.add("left", dependencies={"right": wanted})
    with pytest.raises(DependencyError, match="disabled"):
        fetch(cache, "left@1")


def test_another_package_under_a_made_up_name_is_refused(registry: Registry, cache: PackageCache) -> None:
    registry.add("right")
    registry.add("left", dependencies={"wrong": "npm:right@1"})
    with pytest.raises(DependencyError, match="made-up name"):
        fetch(cache, "left@1")


def test_a_package_that_is_not_what_the_registry_promised_is_refused(registry: Registry, cache: PackageCache) -> None:
    registry.add("left", tampered=True)
    with pytest.raises(DependencyError):
        fetch(cache, "left@1")


def test_a_cached_package_that_was_changed_is_fetched_again(registry: Registry, cache: PackageCache) -> None:
    registry.add("left")
    good = fetch(cache, "left@1")
    for path in (cache.folder / "node" / "npm" / "_cacache" / "content-v2").rglob("*"):
        if path.is_file():
            path.chmod(0o644)
            path.write_bytes(b"something else")
    again = fetch(cache, "left@1")
    assert not again.from_cache
    assert again.files == good.files


def test_an_unknown_package_or_version_is_told_without_the_registrys_address(
    registry: Registry, cache: PackageCache
) -> None:
    registry.add("left")
    for line in ("nobody@1", "left@^7.0.0"):
        with pytest.raises(DependencyError) as told:
            fetch(cache, line)
        assert line.partition("@")[0] in str(told.value)
        assert registry.address not in str(told.value)


def test_two_writers_at_once_get_the_same(registry: Registry, cache: PackageCache) -> None:
    registry.add("left", dependencies={"right": "*"})
    registry.add("right")
    found: list[Fetched] = []
    threads = [threading.Thread(target=lambda: found.append(fetch(cache, "left@1"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({tuple(file.path for file in one.files) for one in found}) == 1
    assert sorted(one.from_cache for one in found) == [False, True, True]


def test_the_cache_keeps_what_was_used_last_within_its_size(registry: Registry, cache: PackageCache) -> None:
    for name in ("first", "second"):
        registry.add(name, size=150_000)
    small = PackageCache(cache.folder, 300_000)
    fetch(small, "first@1")
    fetch(small, "second@1")
    stored = (small.folder / "node" / "npm" / "_cacache" / "content-v2").rglob("*")
    assert sum(path.stat().st_size for path in stored if path.is_file()) <= small.most_bytes
    assert fetch(small, "second@1").from_cache
    assert not fetch(small, "first@1").from_cache


def test_a_stop_ends_a_fetch(registry: Registry, cache: PackageCache) -> None:
    registry.add("left")
    with pytest.raises(Stopped):
        NODE.fetch(("left@1",), cache, stop=lambda: True)


@pytest.mark.sandbox
def test_an_application_without_packages_is_installed_too(cache: PackageCache) -> None:
    fetched, manifest = fetch(cache), '{"name": "alone", "version": "1.0.0"}'
    files = [SourceFile(path, text.encode()) for path, text in NODE.lock_files(fetched, manifest).items()]
    with DockerSandbox("tests of npm").open(run="npm", fence=1, image="node") as session:
        session.put((*files, SourceFile("package.json", manifest.encode())))
        for line in (NODE.install, "npm ci"):
            done = session.run(shell(line, 60, NODE.environment))
            assert done.exit_code == 0, done.output
