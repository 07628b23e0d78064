"""Runs code in a hardened container of a Docker engine: one container a run, one exec a step."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from agents.errors import SandboxFailure, SandboxUnavailable
from agents.faults import fault
from agents.sandboxes.base import Options, SandboxSession, SandboxStatus
from agents.sandboxes.docker_container import host_configuration, remove, start
from agents.sandboxes.docker_session import DockerSession
from agents.sandboxes.guards import missing_guards
from agents.sandboxes.images import image_tag
from agents.sandboxes.records import Records, verdict_key

LABEL_OWNER, LABEL_RUN, LABEL_FENCE = "autocoder.installation", "autocoder.run", "autocoder.fence"
STATUS_SECONDS = 30.0
TALK_SECONDS = 30
# A container for a self-test ends and goes by itself, should nobody be left to remove it.
TRIAL = {"command": ["sleep", "60"], "auto_remove": True}
REMEDY = "Start the Docker engine (or install bubblewrap) and try again."
MAKE = "python3 manage.py build_images"
FAILED = "The sandbox failed its self-test, so no code runs in it: {}."


class DockerSandbox:
    """Containers on the engine that the environment names. ``installation`` keeps those of several sites apart."""

    name = "docker"
    differences: tuple[str, ...] = ()

    def __init__(self, installation: str, options: Options | None = None) -> None:
        self._installation = installation
        self._runtime = (options or Options()).runtime
        self._records = Records((options or Options()).records)
        self._client: Any = None
        self._engine: dict[str, Any] = {}
        self._status: tuple[float, SandboxStatus] | None = None

    def status(self) -> SandboxStatus:
        """Does the engine answer, is the image there, and does a container pass the self-test?"""
        if self._status is None or time.monotonic() - self._status[0] > STATUS_SECONDS:
            self._status = (time.monotonic(), self._look())
        return self._status[1]

    def has(self, image: str) -> bool:
        """Whether the image was made on this engine."""
        import docker.errors  # noqa: PLC0415 - the SDK takes 0.2 s, and only runs need it

        try:
            return bool(self._connected().images.list(name=image_tag(image)))
        except (docker.errors.DockerException, OSError, LookupError):
            return False

    def accept(self, image: str) -> None:
        """Take the image that is on the engine now for the one that was made here. Raises SandboxUnavailable."""
        with self._talking():
            self._records.keep_image(image_tag(image), self._connected().images.get(image_tag(image)).id)

    @contextmanager
    def open(self, *, run: str, fence: int, image: str) -> Iterator[SandboxSession]:
        """Start a container labelled with the run and its fence; it is removed at the end whatever happened."""
        labels = {LABEL_OWNER: self._installation, LABEL_RUN: run, LABEL_FENCE: str(fence)}
        with self._talking():
            digest = self._digest(image)
            container = start(self._connected(), digest, host_configuration(labels, self._runtime))
        try:
            fault("container_created")
            session = DockerSession(self._connected(), container)
            verdict = self._records.tested(self._key(digest), lambda: self._test(session, digest))
            if verdict.problem:
                raise SandboxUnavailable(FAILED.format(verdict.problem))
            yield session
        finally:
            remove(container)

    def present(self) -> set[tuple[str, int]]:
        """Run and fence of every container of this installation. Raises SandboxUnavailable."""
        with self._talking():
            return {(c.labels.get(LABEL_RUN, ""), int(c.labels.get(LABEL_FENCE, "0"))) for c in self._ours()}

    def remove_orphans(self, live: Collection[tuple[str, int]]) -> int:
        """Remove this installation's containers whose (run, fence) is not in ``live``; gives how many."""
        kept = {(run, str(fence)) for run, fence in live}
        try:
            with self._talking():
                ours = self._ours()
        except SandboxUnavailable:
            return 0
        orphans = [c for c in ours if (c.labels.get(LABEL_RUN), c.labels.get(LABEL_FENCE)) not in kept]
        return sum(remove(container) for container in orphans)

    def _ours(self) -> list[Any]:
        label = f"{LABEL_OWNER}={self._installation}"
        return list(self._connected().containers.list(all=True, filters={"label": label}, ignore_removed=True))

    def _look(self) -> SandboxStatus:
        try:
            with self._talking():
                digest = self._digest("python")
                verdict = self._records.tested(self._key(digest), lambda: self._trial(digest))
                engine = self._engine
        except (SandboxUnavailable, SandboxFailure) as error:
            # A container that goes away during its test is no verdict on the guards; the next look tries again.
            self._client = None
            detail, _, remedy = str(error).partition(". ")
            return SandboxStatus(available=False, detail=f"{detail.rstrip('.')}.", remedy=remedy)
        if verdict.problem:
            return SandboxStatus(
                available=False,
                detail=FAILED.format(verdict.problem),
                remedy="See docs/security.md for what the engine must offer.",
                tested=verdict.at,
            )
        runtime = self._runtime or engine["DefaultRuntime"]
        detail = f"Docker engine {engine['ServerVersion']}, runtime {runtime}."
        return SandboxStatus(available=True, detail=detail, tested=verdict.at)

    def _trial(self, digest: str) -> str:
        """The self-test in a container of its own, which no reaper takes for a run's."""
        configuration = host_configuration({LABEL_OWNER: f"{self._installation}, self-test"}, self._runtime)
        container = start(self._connected(), digest, {**configuration, **TRIAL})
        try:
            return self._test(DockerSession(self._connected(), container), digest)
        finally:
            remove(container)

    def _test(self, session: DockerSession, digest: str) -> str:
        own_kernel = self._runtime not in ("", self._engine["DefaultRuntime"])
        return missing_guards(session, own_kernel=own_kernel, given=self._brought(digest))

    def _brought(self, digest: str) -> list[str]:
        """The names of the variables that an image sets, such as the version of its interpreter."""
        return [word.partition("=")[0] for word in self._connected().images.get(digest).attrs["Config"]["Env"] or ()]

    def _key(self, digest: str) -> str:
        """Another engine, image, runtime or configuration is tested anew."""
        engine = [self._engine.get(name) for name in ("ID", "ServerVersion", "KernelVersion")]
        return verdict_key("docker", engine, digest, host_configuration({}, self._runtime))

    def _digest(self, image: str) -> str:
        """The digest of the image on the engine, which containers are made from.

        Raises SandboxUnavailable when it is not there, or is not the one that was first seen.
        """
        import docker.errors  # noqa: PLC0415

        tag = image_tag(image)
        try:
            digest = str(self._connected().images.get(tag).id)
        except docker.errors.ImageNotFound as error:
            raise SandboxUnavailable(
                f"The sandbox image for '{image}' has not been made yet. Make it with: {MAKE}"
            ) from error
        known = self._records.image(tag)
        if known and known != digest:
            raise SandboxUnavailable(
                f"The sandbox image for '{image}' is not the one that was made here ({digest[7:19]}, not "
                f"{known[7:19]}). If you made it anew, say so with: {MAKE}"
            )
        if not known:
            self._records.keep_image(tag, digest)
        return digest

    def _connected(self) -> Any:
        """The engine's client. Raises SandboxUnavailable when the engine has not the runtime that is asked for."""
        if self._client is None:
            import docker  # noqa: PLC0415

            client = docker.from_env(timeout=TALK_SECONDS)
            self._engine = client.info()
            runtimes = sorted(self._engine.get("Runtimes") or {})
            if self._runtime and self._runtime not in runtimes:
                raise SandboxUnavailable(
                    f"The Docker engine has no runtime '{self._runtime}'. Install it and name it in the engine's "
                    f"daemon.json, or set SANDBOX_RUNTIME to one that is there ({', '.join(runtimes)}) or to nothing."
                )
            self._client = client
        return self._client

    @contextmanager
    def _talking(self) -> Iterator[None]:
        """What the engine's client raises becomes a sentence."""
        import docker.errors  # noqa: PLC0415

        try:
            yield
        except (docker.errors.APIError, docker.errors.ImageNotFound) as error:
            raise SandboxUnavailable(
                f"The Docker engine could not start a sandbox: {error.explanation}. {REMEDY}"
            ) from error
        except (docker.errors.DockerException, OSError) as error:
            raise SandboxUnavailable(f"No Docker engine answers. {REMEDY}") from error
