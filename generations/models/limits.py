"""What each key may be asked, and what it was asked."""

from __future__ import annotations

import uuid

from django.db import models

from generations.models.run import Run


class CallLimit(models.Model):
    """What a provider allows for one key, edited in the admin; empty figures limit nothing.

    ``suffix`` is the end of the names it is for, such as ':free'; empty for all of the provider's models together.
    """

    provider = models.CharField(max_length=60)
    suffix = models.CharField(max_length=60, blank=True, help_text="End of the models' names, such as ':free'.")
    requests_per_minute = models.PositiveIntegerField(null=True, blank=True)
    tokens_per_minute = models.PositiveIntegerField(null=True, blank=True)
    requests_per_day = models.PositiveIntegerField(null=True, blank=True, help_text="A day is one of UTC.")
    calls_at_once = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["provider", "suffix"]
        constraints = [models.UniqueConstraint(fields=["provider", "suffix"], name="call_limit_per_models")]

    def __str__(self) -> str:
        return f"{self.provider} {self.suffix}".strip()


class KeyState(models.Model):
    """What was learned of a key (``model`` empty) or of one model asked with it.

    ``account`` is a keyed digest of address and key. Until ``blocked_until`` nobody asks; ``strikes`` counts the
    troubles in a row, ``kind`` says of which sort the last one was ('rate' or 'busy').
    """

    account = models.CharField(max_length=64)
    provider = models.CharField(max_length=60)
    model = models.CharField(max_length=120, blank=True)
    blocked_until = models.DateTimeField(null=True, blank=True)
    strikes = models.PositiveIntegerField(default=0)
    kind = models.CharField(max_length=10, blank=True)

    class Meta:
        ordering = ["provider", "model"]
        constraints = [models.UniqueConstraint(fields=["account", "model"], name="key_state_per_model")]

    def __str__(self) -> str:
        return f"{self.provider} {self.model}".strip()


class CallTicket(models.Model):
    """One call that was let through: in flight until ``left_at``, at most as long as its run's worker lives."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.CharField(max_length=64)
    model = models.CharField(max_length=120)
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, related_name="+")
    fence = models.PositiveIntegerField(default=0)
    tokens = models.PositiveIntegerField()
    at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["at"]
        indexes = [models.Index(fields=["account", "at"], name="call_ticket_by_account")]

    def __str__(self) -> str:
        return f"{self.model} at {self.at:%H:%M:%S}"
