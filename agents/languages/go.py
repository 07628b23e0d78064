"""Go: everything that differs from other languages, in one value.

What an application has: ``go.mod`` (``module NAME``, ``go 1.27`` or older), its commands in ``cmd/NAME/main.go`` or
``main.go``, its packages in ``internal/``, tests beside the sources in ``*_test.go``, a start command ``go run
./cmd/NAME`` (the Dockerfile builds that package), tests by ``go test ./...``. go.sum, the ignore files, Dockerfile and
CI workflow are made without it. The compiled standard library comes with the image, so a first build takes a second.
"""

from __future__ import annotations

from agents.languages import go_checks, go_manifest, go_packages, go_templates, go_tests
from agents.languages.base import Toolchain, Words
from agents.languages.syntax import syntax_error

# Links to the compiled standard library; what an application adds to the cache lies beside them.
INSTALL = "cp -rs /opt/gocache /deps/gocache && mkdir -p /deps/proxy"

TOOLCHAIN = Toolchain(
    key="go",
    label=f"Go {go_manifest.GO_VERSION}",
    image="go",
    suffixes=(".go",),
    words=Words(
        install="go build ./...",
        test="go test ./...",
        manifest='has "module NAME", "go 1.24" and a require line with a version for every module that is imported; no '
        "replace, exclude or tool lines",
        structure="A command's main package lies in cmd/NAME/main.go (started by `go run ./cmd/NAME`), its packages in "
        "internal/NAME/, tests beside the sources in NAME_test.go; the standard library first: net/http with method "
        "patterns, log/slog, encoding/json, flag, testing with httptest; no cgo",
        names=("go", "golang", "gin", "cobra"),
    ),
    manifest="go.mod",
    lock="go.sum",
    environment={
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "GOCACHE": "/deps/gocache",
        "GOMODCACHE": "/deps/modules",
        "GOPATH": "/deps/go",
        "GOPROXY": "file:///deps/proxy",
        "GOSUMDB": "off",
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=mod -modcacherw -p=2",
        "GOTELEMETRY": "off",
        "CGO_ENABLED": "0",
    },
    test_requirements=(),
    read_manifest=go_manifest.read_manifest,
    write_manifest=go_manifest.write_manifest,
    unpinned=go_manifest.unpinned,
    pinned=go_manifest.pinned,
    declared=go_manifest.pinned,
    lock_files=go_manifest.lock_files,
    fetch=go_packages.fetch,
    modules_in=go_packages.modules_in,
    install=INSTALL,
    wrap_test=go_tests.wrap_test,
    reports=go_tests.REPORTS,
    read_reports=go_tests.read_reports,
    is_test=go_tests.is_test,
    syntax_error=syntax_error,
    unresolved_imports=go_checks.unresolved_imports,
    format=go_checks.format_files,
    lint=go_checks.lint,
    type_check=go_checks.type_check,
    documented=go_checks.documented,
    templates=go_templates.templates,
)
