"""Forms for keys and endpoints; what is typed in as a key is never shown again."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django import forms

from agents.errors import ProviderError
from generations.endpoints import MOST_ENDPOINTS, check_address
from generations.models import OwnEndpoint, ProviderKey

LONGEST_KEY = 500
CHAT = "/chat/completions"


class SecretField(forms.CharField):
    """Takes a key: one printable word."""

    def __init__(self, **more: Any) -> None:
        widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "off", "class": "form-control"})
        super().__init__(widget=widget, max_length=LONGEST_KEY, strip=True, **more)

    def clean(self, value: Any) -> str:
        """Raises ValidationError."""
        secret = str(super().clean(value))
        if not secret.isascii() or not secret.isprintable() or " " in secret:
            raise forms.ValidationError("A key has no spaces or odd characters; copy it again.")
        return secret


class KeyForm(forms.Form):
    """One key."""

    secret = SecretField(label="Key", error_messages={"required": "Enter the key."})


class EndpointForm(forms.ModelForm):
    """An endpoint of somebody; the address is judged before it is stored."""

    secret = SecretField(label="Key", required=False, help_text="Left empty: none, or the stored one stays.")

    class Meta:
        model = OwnEndpoint
        fields = (
            "name", "base_url", "model", "context_tokens", "max_output_tokens", "prompt_price", "completion_price",
        )  # fmt: skip
        labels = {
            "base_url": "Base URL",
            "context_tokens": "Context (tokens)",
            "max_output_tokens": "Longest answer (tokens)",
            "prompt_price": "Price of prompts",
            "completion_price": "Price of answers",
        }
        help_texts = {
            "name": "What you call it.",
            "base_url": "Where /chat/completions follows, such as https://api.example.com/v1.",
            "context_tokens": "Left empty: as a test finds it.",
            "max_output_tokens": "Left empty: 8,000.",
            "prompt_price": "US dollars per million tokens; left empty: unknown.",
            "completion_price": "The same for what it writes.",
        }

    field_order = ("name", "base_url", "model", "secret")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs["class"] = "form-control"
            if self.is_bound and name in self.errors:
                field.widget.attrs |= {"class": "form-control is-invalid", "aria-describedby": f"error_{name}"}

    def clean_base_url(self) -> str:
        """Only public addresses, and those that an administrator allows."""
        url = str(self.cleaned_data["base_url"]).strip().rstrip("/").removesuffix(CHAT)
        try:
            check_address(url)
        except ProviderError as error:
            raise forms.ValidationError(str(error)) from None
        return url

    def clean(self) -> dict[str, Any]:
        """An answer fits into the context; the same model at the same address is there once."""
        cleaned = super().clean() or self.cleaned_data
        context, answer = cleaned.get("context_tokens"), cleaned.get("max_output_tokens")
        if context and answer and answer >= context:
            self.add_error("max_output_tokens", "An answer is shorter than the context that it is part of.")
        if cleaned.get("base_url") and not cleaned.get("secret") and self._takes_key_elsewhere(cleaned["base_url"]):
            self.add_error("secret", "Enter the key again: the stored one was given for another address.")
        rows = OwnEndpoint.objects.filter(owner=self.instance.owner)
        twins = rows.filter(base_url=cleaned.get("base_url"), model=cleaned.get("model"))
        if twins.exclude(pk=self.instance.pk).exists():
            self.add_error("model", "This model at this address is there already.")
        if self.instance._state.adding and rows.count() >= MOST_ENDPOINTS:
            raise forms.ValidationError(f"There are {MOST_ENDPOINTS} endpoints already; delete one first.")
        return cleaned

    def _takes_key_elsewhere(self, base_url: str) -> bool:
        """Whether a stored key would be sent to another host, where whoever changed the address could read it."""
        if self.instance._state.adding or not ProviderKey.objects.filter(provider=self.instance.provider).exists():
            return False
        before = OwnEndpoint.objects.values_list("base_url", flat=True).get(pk=self.instance.pk)
        return urlsplit(before)[:2] != urlsplit(base_url)[:2]
