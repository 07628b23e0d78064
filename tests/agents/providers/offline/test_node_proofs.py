"""Applications on Node.js as the blueprints write them, in a container: clean by every tool, proved as in a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest
from django.conf import settings

from agents.bench import SandboxBench
from agents.execution.proving import Prover
from agents.languages import TOOLCHAINS
from agents.languages.base import Fetched, PackageCache, Toolchain
from agents.providers.offline.blueprints import BLUEPRINTS
from agents.providers.offline.reading import read
from agents.sandboxes.base import SandboxSession, shell
from agents.sandboxes.docker import DockerSandbox
from agents.types import ProjectType, SourceFile
from tests.agents.engine import Model, make_context
from tests.agents.providers.offline.written_node import LANGUAGES, SENTENCES, written

pytestmark = pytest.mark.sandbox
LIMIT = 300.0


@dataclass
class Shop:
    """A language, and a container in which its tools and applications run."""

    toolchain: Toolchain
    session: SandboxSession

    def fetch(self, files: tuple[SourceFile, ...]) -> Fetched:
        """The packages that some applications name, all together."""
        lines = {
            line for file in files if file.path.endswith("package.json") for line in
            self.toolchain.read_manifest(file.text)
        }  # fmt: skip
        return self.toolchain.fetch(tuple(sorted(lines)), PackageCache(settings.PACKAGE_CACHE), stop=lambda: False)


@pytest.fixture(scope="module", params=LANGUAGES)
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    """One language after the other."""
    toolchain = TOOLCHAINS[request.param]
    with DockerSandbox(f"tests of blueprints {uuid4()}").open(run="node", fence=1, image=toolchain.image) as session:
        yield Shop(toolchain, session)


@pytest.mark.parametrize("kind", SENTENCES)
def test_an_application_is_installed_started_and_tested(shop: Shop, kind: ProjectType) -> None:
    toolchain = shop.toolchain
    brief = read(SENTENCES[kind][0], language=toolchain.key)
    files, plan = written(brief), BLUEPRINTS[(kind, toolchain.key)].plan(brief)
    fetched = shop.fetch(files)
    manifest = next(file.text for file in files if file.path == toolchain.manifest)
    locks = [SourceFile(path, text.encode()) for path, text in toolchain.lock_files(fetched, manifest).items()]
    context, _, _ = make_context(Model(), DockerSandbox("proofs of blueprints"))
    evidence = Prover(context, shop.session, toolchain, plan.commands).prove((*files, *locks), fetched)
    assert (evidence.failed_step, evidence.failure) == (None, "")
    assert [probe.status for probe in evidence.probes] == [probe.expect for probe in plan.commands.probes]
    assert evidence.tests is not None
    assert (evidence.tests.failed, evidence.tests.skipped) == (0, 0)
    assert evidence.tests.passed > 5
    assert evidence.coverage is not None
    assert evidence.coverage > 0.9


def test_all_applications_are_clean_and_their_tests_pass(shop: Shop) -> None:
    toolchain, bench = shop.toolchain, SandboxBench(shop.session)
    briefs = [read(sentence, language=toolchain.key) for sentences in SENTENCES.values() for sentence in sentences]
    files = tuple(
        SourceFile(f"app{number}/{file.path}", file.content)
        for number, brief in enumerate(briefs)
        for file in written(brief)
    )
    formatted = toolchain.format(files, bench)
    assert {file.path: file.text for file in formatted} == {file.path: file.text for file in files}
    assert toolchain.lint(files, bench) == ()
    shop.session.wipe()
    shop.session.put(shop.fetch(files).files, "/deps")
    assert shop.session.run(shell(toolchain.install, LIMIT, toolchain.environment)).exit_code == 0
    # The compiler's settings are those of the first application; they are the same in all.
    settings_of_first = tuple(SourceFile("tsconfig.json", f.content) for f in files if f.path == "app0/tsconfig.json")
    assert toolchain.type_check((*files, *settings_of_first), bench) in (None, ())
    command = f'node --test "*/test/*.test.{toolchain.suffixes[0].removeprefix(".")}"'
    shop.session.put(files)
    ran = shop.session.run(shell(command, LIMIT, toolchain.environment))
    assert ran.exit_code == 0, ran.output[-3000:]
