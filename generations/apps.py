"""App configuration."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig

from generations.masking import mask_crashes


class GenerationsConfig(AppConfig):
    """Projects, runs and everything they leave behind."""

    name = "generations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks, and let no crash print a secret."""
        import_module("generations.checks")
        import_module("generations.stored_keys")
        mask_crashes()
