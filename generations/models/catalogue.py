"""Which model answers for which kind of work, in which mode: data, edited in the admin."""

from __future__ import annotations

from typing import Self

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from agents.types import Role


class Mode(models.TextChoices):
    """A set of models to choose from: free ones, one key for all, or each maker's own endpoint."""

    TESTING = "testing", "Free models (OpenRouter, for testing)"
    OPENROUTER = "openrouter", "Full models (OpenRouter, one key for all)"
    INDIVIDUAL = "individual", "Qwen and Anthropic by their own keys"


class Work(models.TextChoices):
    """Kinds of work that models are chosen for."""

    ORCHESTRATOR = "orchestrator", "Orchestrator"
    CODER = "coder", "Coder"
    REASONING = "reasoning", "Reasoning"
    VISION = "vision", "Vision"


WORK_OF_ROLE: dict[Role, str] = {
    Role.ORCHESTRATOR: Work.ORCHESTRATOR,
    Role.PLANNER: Work.ORCHESTRATOR,
    Role.EXECUTOR: Work.ORCHESTRATOR,
    Role.CODER: Work.CODER,
    Role.TESTER: Work.CODER,
    Role.VALIDATOR: Work.REASONING,
    Role.DEBUGGER: Work.REASONING,
    Role.VISION: Work.VISION,
}


class CatalogueQuerySet(models.QuerySet["CatalogueModel"]):
    """Questions about the catalogue."""

    def usable(self, mode: str) -> Self:
        """The enabled models of a mode, preferred ones first within each kind of work."""
        return self.filter(mode=mode, enabled=True).order_by("work", "rank", "pk")


class CatalogueModel(models.Model):
    """One model for one kind of work in one mode; lower ranks are asked first, the rest are fallbacks.

    Prices are US dollars per million tokens, empty where unknown.
    """

    mode = models.CharField(max_length=20, choices=Mode)
    work = models.CharField(max_length=20, choices=Work)
    rank = models.PositiveSmallIntegerField(default=0, help_text="0 is asked first; the others when that one fails.")
    provider = models.CharField(max_length=40)
    model = models.CharField(max_length=120)
    context_tokens = models.PositiveIntegerField(default=32_000, validators=[MinValueValidator(4_000)])
    max_output_tokens = models.PositiveIntegerField(default=8_000, validators=[MinValueValidator(500)])
    prompt_price = models.DecimalField(max_digits=9, decimal_places=4, null=True, blank=True)
    completion_price = models.DecimalField(max_digits=9, decimal_places=4, null=True, blank=True)
    sees_images = models.BooleanField(default=False)
    json_schema = models.BooleanField(default=False, help_text="The endpoint takes a JSON schema for the answer.")
    whole_files = models.BooleanField(default=False, help_text="Fails at edits, so it is asked for whole files.")
    last_round = models.BooleanField(default=False, help_text="Takes the last round of repair in this mode.")
    enabled = models.BooleanField(default=True)

    objects = CatalogueQuerySet.as_manager()

    class Meta:
        ordering = ["mode", "work", "rank"]
        verbose_name = "catalogue entry"
        verbose_name_plural = "catalogue"
        constraints = [
            models.UniqueConstraint(fields=["mode", "work", "provider", "model"], name="model_once_per_mode_and_work"),
            models.CheckConstraint(
                condition=Q(max_output_tokens__lt=models.F("context_tokens")), name="answer_fits_context"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} ({self.get_work_display()}, {self.mode})"
