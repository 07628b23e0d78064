"""Each language with its sample, in a sandbox that all tests of one language share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings

from agents.bench import SandboxBench
from agents.evidence import Evidence
from agents.execution.proving import Prover
from agents.languages import TOOLCHAINS
from agents.languages.base import Fetched, PackageCache, Toolchain
from agents.sandboxes.base import SandboxSession
from agents.sandboxes.docker import DockerSandbox
from agents.types import SourceFile
from tests.agents.engine import Model, make_context
from tests.agents.languages.sample import Sample
from tests.agents.languages.samples import SAMPLES


@dataclass
class Language:
    """A toolchain, its sample, and what they need to be proved."""

    toolchain: Toolchain
    sample: Sample
    fetched: Fetched
    session: SandboxSession

    @property
    def bench(self) -> SandboxBench:
        """Where the tools look at files."""
        return SandboxBench(self.session)

    def tree(self, **changed: str) -> tuple[SourceFile, ...]:
        """The sample as it is delivered, with its lock file, some files with another text."""
        locks = self.toolchain.lock_files(self.fetched, self.sample.files[self.toolchain.manifest])
        return self.sample.tree(**locks, **changed)

    def prove(self, **changed: str) -> Evidence:
        """Install, start and test it in the sandbox."""
        context, _, _ = make_context(Model(), DockerSandbox("proofs of languages"))
        return Prover(context, self.session, self.toolchain, self.sample.commands).prove(
            self.tree(**changed), self.fetched
        )


@pytest.fixture(scope="package", params=sorted(TOOLCHAINS))
def language(request: pytest.FixtureRequest) -> Iterator[Language]:
    """One registered language after the other."""
    toolchain, sample = TOOLCHAINS[request.param], SAMPLES[request.param]
    lines = toolchain.read_manifest(sample.files[toolchain.manifest])
    cache = PackageCache(settings.PACKAGE_CACHE)
    fetched = toolchain.fetch((*lines, *toolchain.test_requirements), cache, stop=lambda: False)
    sandbox = DockerSandbox(f"tests of languages {uuid4()}")
    with sandbox.open(run=toolchain.key, fence=1, image=toolchain.image) as session:
        yield Language(toolchain, sample, fetched, session)


@pytest.fixture
def cache(tmp_path: Path) -> PackageCache:
    """An empty cache of packages, with the programs that were fetched already."""
    folder = tmp_path / "packages"
    folder.mkdir()
    programs = Path(settings.PACKAGE_CACHE) / "programs"
    programs.mkdir(parents=True, exist_ok=True)
    (folder / "programs").symlink_to(programs)
    return PackageCache(folder)
