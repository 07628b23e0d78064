"""The endpoint that a test gives a model."""

from tests.agents.providers.conftest import endpoint

__all__ = ["endpoint"]
