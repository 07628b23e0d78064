"""Provider keys: what is typed in is never shown again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from generations.keys import seal
from generations.models import ProviderKey


class ProviderKeyForm(forms.ModelForm):
    """Takes a secret; leaving it empty keeps the stored one."""

    secret = forms.CharField(
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
        required=False,
        strip=True,
        max_length=500,
        help_text="Stored encrypted and never shown again. Empty: the stored key stays.",
    )

    class Meta:
        model = ProviderKey
        fields = ("owner", "provider")

    def clean_secret(self) -> str:
        """A new entry needs a secret, and a secret is one printable word."""
        secret = str(self.cleaned_data["secret"])
        if not secret and not self.instance.ciphertext:
            raise forms.ValidationError("Enter the key.")
        if not secret.isprintable() or " " in secret:
            raise forms.ValidationError("A key has no spaces or control characters; copy it again.")
        return secret

    def clean(self) -> dict[str, Any]:
        """The database lets NULL owners stand beside each other; one key of the site for a provider is enough."""
        cleaned = super().clean() or self.cleaned_data
        twins = ProviderKey.objects.filter(owner=cleaned.get("owner"), provider=cleaned.get("provider"))
        if self.instance._state.adding and twins.exists():
            raise forms.ValidationError("There is a key for this owner and provider already; change that one.")
        return cleaned

    def save(self, commit: bool = True) -> ProviderKey:  # noqa: FBT001, FBT002 - Django's signature
        """Seal a new secret into the row."""
        if self.cleaned_data["secret"]:
            seal(self.instance, self.cleaned_data["secret"])
        return super().save(commit)


@admin.register(ProviderKey)
class ProviderKeyAdmin(admin.ModelAdmin):
    """Keys by provider and owner, shown by their last four characters."""

    form = ProviderKeyForm
    list_display = ("provider", "shown_owner", "shown_key", "changed_at")
    list_filter = ("provider",)
    list_select_related = ("owner",)
    search_fields = ("provider", "owner__username")
    raw_id_fields = ("owner",)
    fields = ("provider", "owner", "secret", "shown_key", "created_at", "changed_at")
    readonly_fields = ("shown_key", "created_at", "changed_at")

    def get_readonly_fields(self, request: HttpRequest, obj: ProviderKey | None = None) -> tuple[str, ...]:
        """A stored key stays whose and for what it is: given to another endpoint, it could be read there."""
        return (*self.readonly_fields, "owner", "provider") if obj else self.readonly_fields

    @admin.display(description="Owner", ordering="owner__username", empty_value="the site")
    def shown_owner(self, key: ProviderKey) -> str | None:
        """Whose key it is."""
        return key.owner.get_username() if key.owner else None

    @admin.display(description="Stored key")
    def shown_key(self, key: ProviderKey) -> str:
        """The end of the stored key."""
        return f"…{key.last_four}" if key.last_four else "stored" if key.ciphertext else "none"
