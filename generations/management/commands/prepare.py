"""Make the database, the first administrator and the sandbox ready; says what it did."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from generations.management.sandbox_ready import sandbox_sentence
from generations.stored_keys import refusal


class Command(BaseCommand):
    """Everything between installed requirements and the first start. Quick when there is nothing to do."""

    help = __doc__

    def check(self, *args: Any, **options: Any) -> None:
        """Say in one sentence what keeps this installation from starting; then what else may be wrong."""
        if problem := refusal():
            raise CommandError(problem)
        super().check(*args, **options)

    def handle(self, *_args: object, **_options: object) -> None:
        """Migrate, make the first administrator, check the sandbox."""
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write("Bringing the database up to date")
            call_command("migrate", interactive=False, verbosity=0)
        self._ensure_administrator()
        self.stdout.write(sandbox_sentence(self.stdout.write))

    def _ensure_administrator(self) -> None:
        users = get_user_model().objects
        if users.filter(is_superuser=True).exists():
            return
        password = secrets.token_urlsafe(12)
        users.create_superuser("admin", password=password)
        self.stdout.write(
            f"Made the first administrator. Name: admin  Password: {password}  "
            "(shown only now; 'manage.py changepassword admin' sets another)"
        )
