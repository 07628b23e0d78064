"""Go modules: fetched by the machine's own proxy setting, with their checksums, and built offline in the sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.errors import DependencyError
from agents.languages import TOOLCHAINS
from agents.languages.base import Fetched, PackageCache
from agents.sandboxes.base import shell
from agents.sandboxes.docker import DockerSandbox
from agents.types import SourceFile
from tests.agents.languages.registry import publish_module

GO = TOOLCHAINS["go"]
LEFT, RIGHT = "example.com/Left", "example.com/right/v2"


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The proxy that this machine's settings name, with two modules."""
    folder = tmp_path / "proxy"
    publish_module(
        folder,
        RIGHT,
        "v2.1.0",
        {"go.mod": f"module {RIGHT}\n\ngo 1.21\n", "r.go": 'package right\n\nconst Word = "right"\n'},
    )
    for version in ("v1.0.0", "v1.2.0"):
        publish_module(
            folder,
            LEFT,
            version,
            {
                "go.mod": f"module {LEFT}\n\ngo 1.21\n\nrequire {RIGHT} v2.1.0\n",
                "l.go": f'package left\n\nimport "{RIGHT}"\n\nconst Words = "left {version} " + right.Word\n',
            },
        )
    monkeypatch.setenv("GOPROXY", f"file://{folder}")
    monkeypatch.setenv("GONOSUMDB", "example.com")
    return folder


def fetch(cache: PackageCache, *lines: str) -> Fetched:
    return GO.fetch(lines, cache, stop=lambda: False)


@pytest.mark.sandbox
def test_modules_are_fetched_once_and_built_offline(proxy: Path, cache: PackageCache) -> None:
    fetched = fetch(cache, f"{LEFT} v1.2.0")
    assert not fetched.from_cache
    proxy.rename(proxy.with_name("gone"))
    again = fetch(cache, f"{LEFT} v1.2.0")
    assert again.from_cache
    assert again.files == fetched.files

    manifest = GO.write_manifest("module shown\n\ngo 1.24\n", (f"{LEFT} v1.2.0",))
    delivered = GO.lock_files(fetched, manifest)
    assert set(delivered) == {"go.mod", "go.sum"}
    assert f"require {RIGHT} v2.1.0 // indirect" in delivered["go.mod"]
    main = f'package main\n\nimport "{LEFT}"\n\nfunc main() {{ println(left.Words) }}\n'
    texts = {**delivered, "main.go": main}
    files = tuple(SourceFile(path, text.encode()) for path, text in texts.items())
    lines = GO.read_manifest(delivered["go.mod"])
    assert GO.unresolved_imports(files, lines, GO.modules_in(fetched, lines)) == ()
    with DockerSandbox("tests of modules").open(run="go", fence=1, image="go") as session:
        session.put(fetched.files, "/deps")
        session.put(files)
        assert session.run(shell(GO.install, 60, GO.environment)).exit_code == 0
        # As a person builds it: nothing may be missing from go.mod or go.sum.
        strict = {**GO.environment, "GOFLAGS": "-mod=readonly -modcacherw"}
        done = session.run(shell("go run .", 60, strict))
        assert done.output.splitlines()[-1] == "left v1.2.0 right"


def test_without_a_version_the_newest_is_taken(proxy: Path, cache: PackageCache) -> None:
    fetched = fetch(cache, LEFT)
    assert GO.declared(LEFT, fetched) == f"{LEFT} v1.2.0"
    assert GO.pinned(f"{LEFT} v9.9.9", fetched) == f"{LEFT} v1.2.0"


def test_an_unknown_module_is_told_without_the_proxys_address(proxy: Path, cache: PackageCache) -> None:
    for line in ("example.com/nobody v1.0.0", f"{LEFT} v7.0.0"):
        with pytest.raises(DependencyError) as told:
            fetch(cache, line)
        assert line.split()[0].lower() in str(told.value).lower()
        assert str(proxy) not in str(told.value)


def test_no_version_control_is_asked_and_no_other_compiler_fetched(
    proxy: Path, cache: PackageCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_module(
        proxy, "example.com/new", "v1.0.0", {"go.mod": "module example.com/new\n\ngo 9.9\n", "a.go": "package a\n"}
    )
    with pytest.raises(DependencyError, match=r"GOTOOLCHAIN=local"):
        fetch(cache, "example.com/new v1.0.0")
    monkeypatch.setenv("GOPROXY", "direct")
    with pytest.raises(DependencyError, match=r"GOVCS|disallow"):
        fetch(cache, "github.com/some/module v1.0.0")


def test_the_cache_of_modules_stays_within_its_size(proxy: Path, cache: PackageCache) -> None:
    small = PackageCache(cache.folder, 100)
    fetch(small, f"{RIGHT} v2.1.0")
    publish_module(
        proxy, "example.com/other", "v1.0.0", {"go.mod": "module example.com/other\n", "a.go": "package a\n"}
    )
    fetch(small, "example.com/other v1.0.0")
    kept = list((small.folder / "go" / "modules" / "cache" / "download").rglob("*.zip"))
    assert [path.parts[-3] for path in kept] == ["other"]
    assert not fetch(small, f"{RIGHT} v2.1.0").from_cache
