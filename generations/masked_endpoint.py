"""The client of an endpoint, whose answers come without secrets: an endpoint may echo the key it was sent, or worse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from agents.providers.base import ListedModel, Reply, Request
from agents.providers.openai_compatible import OpenAICompatibleProvider
from generations.masking import mask_cut, mask_known


class MaskedEndpoint(OpenAICompatibleProvider):
    """Masks before anybody reads: no file, sandbox, prompt for another endpoint or record is made of a secret.

    Code that merely looks like a credential stays as the model wrote it.
    """

    def complete(self, request: Request, *, stop: Callable[[], bool]) -> Reply:
        """Ask and wait for the whole answer. Raises ProviderError and Stopped."""
        reply = super().complete(request, stop=stop)
        return replace(reply, text=mask_cut(reply.text))

    def list_models(self, *, stop: Callable[[], bool]) -> tuple[ListedModel, ...]:
        """The models that the endpoint says it has. Raises ProviderError and Stopped."""
        return tuple(replace(model, name=mask_known(model.name)) for model in super().list_models(stop=stop))
