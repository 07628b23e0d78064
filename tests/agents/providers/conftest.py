"""The endpoint that a test writes a script for."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.agents.providers.endpoint import KEY, Endpoint


@pytest.fixture
def endpoint(caplog: pytest.LogCaptureFixture) -> Iterator[Endpoint]:
    """A started endpoint. Whatever it does, no log shows the key."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx2").warning(KEY)
    assert KEY in caplog.text, "something hides the key, so that this would show nothing"
    caplog.clear()
    started = Endpoint()
    yield started
    started.close()
    assert KEY not in caplog.text
