"""Endpoints that people entered, hosts that they may name, and tests of models."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import F, QuerySet, Sum
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from generations.admin.history import HistoryAdmin
from generations.badges import LABELS, Badge, badge_of
from generations.endpoints import store_endpoint
from generations.model_forms import EndpointForm
from generations.models import AllowedHost, ModelProbe, OwnEndpoint


def shown(badge: Badge) -> SafeString:
    """A badge in the administration's own look."""
    return format_html('<span class="tone tone-{}" title="{}">{}</span>', badge.tone, badge.title, badge.text)


@admin.register(AllowedHost)
class AllowedHostAdmin(admin.ModelAdmin):
    """The list that lets endpoints be local."""

    list_display = ("host", "comment")
    search_fields = ("host", "comment")


@admin.register(OwnEndpoint)
class OwnEndpointAdmin(admin.ModelAdmin):
    """Endpoints by owner; those that were found on this machine are not changed by hand."""

    form = EndpointForm
    list_display = ("name", "model", "base_url", "shown_owner", "seen_at")
    list_select_related = ("owner",)
    search_fields = ("name", "model", "base_url", "owner__username")

    @admin.display(description="Owner", ordering="owner__username")
    def shown_owner(self, row: OwnEndpoint) -> str:
        """Whose it is."""
        return row.owner.get_username() if row.owner else "found here" if row.found else "the site"

    def has_change_permission(self, request: HttpRequest, obj: OwnEndpoint | None = None) -> bool:
        """What was found is as it was found; what belongs to a user is the user's."""
        of_site = obj is None or (obj.owner_id is None and not obj.found)
        return of_site and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: OwnEndpoint, form: EndpointForm, change: bool) -> None:  # noqa: FBT001
        """Store it with its key."""
        store_endpoint(obj, form.cleaned_data["secret"])


@admin.register(ModelProbe)
class ModelProbeAdmin(HistoryAdmin):
    """What tests found, and what they took."""

    list_display = ("created_at", "provider", "model", "shown_badge", "asked_by", "of_site", "tokens", "cost")
    list_filter = ("status", "provider")
    list_select_related = ("asked_by", "owner")
    search_fields = ("model", "provider", "asked_by__username")
    date_hierarchy = "created_at"
    exclude = ("findings", "worker")
    readonly_fields = ("shown_findings",)

    class Media:
        css = {"all": ["css/admin.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelProbe]:
        """With what they took."""
        tokens = Sum(F("model_calls__prompt_tokens") + F("model_calls__completion_tokens"))
        return super().get_queryset(request).annotate(tokens=tokens, cost=Sum("model_calls__cost_usd"))

    @admin.display(description="Found")
    def shown_badge(self, row: ModelProbe) -> SafeString:
        """What it comes to."""
        return shown(badge_of(row))

    @admin.display(description="Site", boolean=True)
    def of_site(self, row: ModelProbe) -> bool:
        """Whether it counts for everybody."""
        return row.owner_id is None

    @admin.display(description="Tokens", empty_value="unknown")
    def tokens(self, row: ModelProbe) -> int | None:
        """Tokens of its calls, as far as they are known."""
        return row.tokens  # type: ignore[attr-defined]

    @admin.display(description="US dollars", empty_value="unknown")
    def cost(self, row: ModelProbe) -> object:
        """What its calls cost, as far as that is known."""
        return row.cost  # type: ignore[attr-defined]

    @admin.display(description="Findings")
    def shown_findings(self, row: ModelProbe) -> SafeString:
        """Every check with its reason."""
        lines = [(LABELS[one.check], one.found, one.reason) for one in row.found()]
        return format_html("<dl>{}</dl>", format_html_join("", "<dt>{}: {}</dt><dd>{}</dd>", lines))
