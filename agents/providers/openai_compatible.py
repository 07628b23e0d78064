"""Any endpoint that speaks OpenAI's chat completions: answers are streamed, so that a stop is heard at once."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx2
import openai

from agents.errors import ProviderError, Stopped
from agents.providers.addresses import check_base_url, place_of
from agents.providers.base import ListedModel, Reply, Request
from agents.providers.dialects import Dialect
from agents.providers.gathering import Gathered
from agents.providers.http_connection import Body, Dialler, Transport
from agents.providers.http_limits import Limits, Phase, Watch
from agents.providers.model_list import LARGEST_LIST, fetch_models
from agents.providers.provider_errors import fault, refusal, words_of
from agents.providers.rate_headers import limits_in
from agents.providers.reading import body_of, chunks, reading

__all__ = ["Limits", "OpenAICompatibleProvider", "check_base_url"]
# Each refused parameter costs one try: four names and a shorter answer.
MOST_TRIES = 6
ABOUT_PARAMETERS = frozenset((400, 404, 416, 422, 500))


class OpenAICompatibleProvider:
    """Calls one endpoint; redirects and proxies are not followed. The SDK's retries are off: the caller retries.

    ``public_only`` is for base URLs that people enter: then only public addresses and ``allowed_hosts`` are called.
    """

    uses_ai = True

    def __init__(  # noqa: PLR0913 - the last two are for addresses that people enter
        self,
        name: str,
        base_url: str,
        api_key: str,
        total_seconds: float,
        *,
        limits: Limits | None = None,
        public_only: bool = False,
        allowed_hosts: Collection[str] = (),
    ) -> None:
        self.name = name
        self._base_url, self._key = base_url, api_key.strip()
        self._limits = replace(limits or Limits(), total=total_seconds)
        self._public_only, self._allowed_hosts = public_only, allowed_hosts
        self._lock = threading.Lock()
        self._dialects: dict[str, Dialect] = {}

    @property
    def account(self) -> str:
        """A digest of address and key: whoever has the same one shares its limits."""
        return hashlib.sha256(f"{self._base_url}\0{self._key}".encode()).hexdigest()

    def complete(self, request: Request, *, stop: Callable[[], bool]) -> Reply:
        """Ask and wait for the whole answer. Raises ProviderError and Stopped."""
        self._check()
        watch = Watch(self.name, self._limits, stop)
        for _ in range(MOST_TRIES):
            reply = self._try(request, watch)
            if reply is not None:
                return reply
        raise fault("refused", self.name)

    def dialect_for(self, model: str) -> Dialect:
        """What was learnt so far about what the endpoint takes for a model."""
        return self._dialects.get(model, Dialect())

    def list_models(self, *, stop: Callable[[], bool]) -> tuple[ListedModel, ...]:
        """The models that the endpoint says it has. Raises ProviderError and Stopped."""
        self._check()
        watch = Watch(self.name, replace(self._limits, size=LARGEST_LIST), stop)
        transport = Transport(Dialler(watch, self._public_only, self._allowed_hosts), self._key)
        return fetch_models(self.name, self._base_url, transport)

    def _check(self) -> None:
        place_of(self._base_url, self.name)
        if re.search(r"[^\x21-\x7e]", self._key):
            raise fault("bad key", self.name)

    def _try(self, request: Request, watch: Watch) -> Reply | None:
        """One request; None when it was refused for a parameter that the next one leaves out.

        Errors are raised outside of the handlers, so that no log shows the server's words as their cause.
        """
        dialect = self.dialect_for(request.model)
        arguments = dialect.arguments(request)
        gathered = Gathered(self.name, self._limits.characters, request.usage)
        try:
            self._gather(request, arguments, watch, gathered)
        except openai.APIStatusError as error:
            body, status = body_of(error), error.status_code
            better = dialect.after(words_of(body), arguments) if status in ABOUT_PARAMETERS else None
            if better is not None:
                with self._lock:
                    self._dialects[request.model] = better
                return None
            problem = refusal(self.name, status, error.response.headers, body)
        except (ProviderError, Stopped) as error:
            request.usage.accepted = _was_at_work(error, watch.phase, accepted=request.usage.accepted)
            if isinstance(error, Stopped) or not gathered.ended:
                raise
            return gathered.reply(request, watch.seconds)
        else:
            return gathered.reply(request, watch.seconds)
        raise problem

    def _gather(self, request: Request, arguments: dict[str, object], watch: Watch, gathered: Gathered) -> None:
        tell = request.on_text or (lambda _: None)
        with self._stream(arguments, watch) as (stream, body):
            request.usage.accepted = True
            gathered.limits = limits_in(stream.response.headers)
            for chunk in chunks(self.name, stream):
                body.kept = None
                text = gathered.take(chunk)
                if gathered.ended and watch.phase is not Phase.ENDED:
                    watch.enter(Phase.ENDED)
                elif gathered.grew and not gathered.ended:
                    watch.enter(Phase.ANSWERING)
                if text:
                    tell(text)
            text = gathered.take_whole(bytes(body.kept)) if body.kept is not None else ""
            if not gathered.ended and body.ended and b"[DONE]" not in body.tail:
                raise fault("cut", self.name)
            text += gathered.rest()
        if text:
            tell(text)

    @contextmanager
    def _stream(self, arguments: dict[str, object], watch: Watch) -> Iterator[tuple[openai.Stream[object], Body]]:
        """The SDK on a connection of our own, which is closed in the end whatever happens.

        Chunks stay plain objects: the SDK's classes are not checked against what a server really sends.
        """
        watch.enter(Phase.CONNECTING)
        transport = Transport(Dialler(watch, self._public_only, self._allowed_hosts), self._key)
        with (
            httpx2.Client(transport=transport, trust_env=False, follow_redirects=False, timeout=None) as http,
            openai.OpenAI(base_url=self._base_url, api_key="unused", max_retries=0, http_client=http) as client,
        ):
            with reading(self.name):
                stream = client.post(
                    "/chat/completions", cast_to=object, body=arguments, stream=True, stream_cls=openai.Stream[object]
                )
            with stream:
                yield stream, transport.body


def _was_at_work(error: ProviderError | Stopped, phase: Phase, *, accepted: bool) -> bool:
    """Whether the endpoint had taken the request on when it broke off: a refusal is not billed."""
    if isinstance(error, Stopped) or error.kind == "timeout":
        return phase not in {Phase.CONNECTING, Phase.REFUSED}
    return accepted and (error.kind == "network" or (error.kind == "protocol" and error.retry))
