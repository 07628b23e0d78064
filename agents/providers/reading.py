"""What it means when the SDK cannot read on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpcore2
import httpx2
import openai

from agents.errors import ProviderError
from agents.providers.http_limits import AnswerOver
from agents.providers.provider_errors import fault, refusal

BROKEN_LINE = re.compile("disconnected|closed connection")
END = object()


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Raises ProviderError for what goes wrong; statuses of refusals pass as the SDK raises them.

    It is raised outside of the handlers, so that no log shows the server's words as its cause.
    """
    problem: ProviderError | None = None
    try:
        yield
    except openai.APIStatusError:
        raise
    except openai.APIError as error:
        problem = refusal(name, None, {}, error.body)
    except (httpcore2.ProtocolError, httpcore2.NetworkError, httpx2.HTTPError, ValueError, RecursionError) as error:
        problem = _broken(name, error)
    if problem is not None:
        raise problem


def chunks(name: str, stream: openai.Stream[object]) -> Iterator[object]:
    """The events of a stream, until nothing more is worth waiting for. Raises ProviderError."""
    while True:
        try:
            with reading(name):
                chunk = next(stream, END)
        except AnswerOver:
            return
        if chunk is END:
            return
        yield chunk


def body_of(error: openai.APIStatusError) -> object:
    """An error's body; web pages say nothing that can be relied on."""
    return "" if isinstance(error.body, str) and "<" in error.body[:200] else error.body


def json_in(body: bytes) -> object:
    """The JSON value of a body; '' where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return ""


def _broken(name: str, error: Exception) -> ProviderError:
    if isinstance(error, httpcore2.NetworkError) or BROKEN_LINE.search(str(error)):
        return fault("cut", name)
    if isinstance(error, httpcore2.ProtocolError):
        return fault("not http", name)
    return fault("garbled", name)
