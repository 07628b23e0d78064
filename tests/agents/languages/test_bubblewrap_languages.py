"""Languages without a Docker engine: bubblewrap lends the programs that were fetched."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings

from agents.bench import SandboxBench
from agents.errors import SandboxUnavailable
from agents.execution.proving import Prover
from agents.languages import TOOLCHAINS
from agents.languages.base import PackageCache
from agents.sandboxes.base import Options
from agents.sandboxes.bubblewrap import BubblewrapSandbox
from agents.sandboxes.bubblewrap_groups import ControlGroups
from agents.sandboxes.images.contents import prepare
from tests.agents.engine import Model, make_context
from tests.agents.languages.samples import SAMPLES

pytestmark = pytest.mark.sandbox
ROOT = Path(__file__).resolve().parents[3]
GROUPS = {"with control groups": ControlGroups(), "without": ControlGroups(Path("/nowhere"))}


@pytest.mark.parametrize("groups", GROUPS)
@pytest.mark.parametrize("key", ["javascript", "go"])
def test_an_application_is_proved_and_its_files_are_looked_at(key: str, groups: str) -> None:
    toolchain, sample = TOOLCHAINS[key], SAMPLES[key]
    prepare(toolchain.image, settings.PACKAGE_CACHE)
    cache = PackageCache(settings.PACKAGE_CACHE)
    fetched = toolchain.fetch(toolchain.read_manifest(sample.files[toolchain.manifest]), cache, stop=lambda: False)
    sandbox = BubblewrapSandbox(f"tests of languages {uuid4()}", Options(cache=cache.folder), GROUPS[groups])
    context, _, _ = make_context(Model(), sandbox)
    with sandbox.open(run=key, fence=1, image=toolchain.image) as session:
        files = sample.tree(**toolchain.lock_files(fetched, sample.files[toolchain.manifest]))
        evidence = Prover(context, session, toolchain, sample.commands).prove(files, fetched)
        assert (evidence.failed_step, evidence.failure) == (None, "")
        assert evidence.tests is not None
        assert (evidence.tests.passed, evidence.tests.skipped) == (2, 1)
        bench = SandboxBench(session)
        assert toolchain.format(files, bench) == files
        assert toolchain.lint(sample.tree(**sample.careless), bench) != ()


def test_a_language_that_was_not_fetched_is_not_there_and_says_what_to_do(tmp_path: Path) -> None:
    sandbox = BubblewrapSandbox("tests of languages", Options(cache=tmp_path))
    assert [key for key in ("python", "node", "go") if sandbox.has(key)] == ["python"]
    with (
        pytest.raises(SandboxUnavailable, match="build_images"),
        sandbox.open(run="none", fence=1, image="node"),
    ):
        pass


def test_without_an_engine_the_command_fetches_what_is_lent(process_environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "build_images", "javascript", "go"],
        cwd=ROOT,
        env={**process_environment, "SANDBOX": "bubblewrap"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "The programs for node are there" in done.stdout
    assert "The programs for go are there" in done.stdout
