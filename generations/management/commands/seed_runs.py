"""Make many finished runs, to measure pages with; never for an installation that people use."""

from __future__ import annotations

import random
from argparse import ArgumentParser
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from generations.models import Project, Run, RunStatus
from generations.models.run import ENDED

PROMPTS = (
    "Create a REST API for weather forecasts",
    "Create a simple CLI tool that processes CSV files",
    "A todo list REST API with title, due date and done flag, filter by done",
    "A CLI that converts JSON to CSV and back",
    "Bookmarks API with tags and full-text search",
)
RUNS_PER_PROJECT = 20


class Command(BaseCommand):
    """The runs belong to one user, spread over the last year and over all ends."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the number of runs and their owner."""
        parser.add_argument("count", type=int)
        parser.add_argument("--user", required=True, help="name of the owner")

    def handle(self, *_args: object, **options: object) -> None:
        """Make the runs in one transaction."""
        count, name = int(str(options["count"])), str(options["user"])
        owner = get_user_model().objects.filter(username=name).first()
        if owner is None:
            raise CommandError(f"There is no user named {name}; make one with 'manage.py createsuperuser'.")
        source = random.Random(count)  # noqa: S311 - the same figures each time, nothing secret
        with transaction.atomic():
            start = Project.objects.filter(owner=owner).count()
            projects = [
                Project(owner=owner, name=f"Sample {start + n + 1}", slug=f"sample-{start + n + 1}")
                for n in range((count + RUNS_PER_PROJECT - 1) // RUNS_PER_PROJECT)
            ]
            Project.objects.bulk_create(projects, batch_size=500)
            runs = [_run(projects[n // RUNS_PER_PROJECT], n % RUNS_PER_PROJECT + 1, source) for n in range(count)]
            Run.objects.bulk_create(runs, batch_size=500)
        self.stdout.write(f"Made {count} runs in {len(projects)} projects of {name}.")


def _run(project: Project, number: int, source: random.Random) -> Run:
    status = source.choice(ENDED)
    created = timezone.now() - timedelta(minutes=source.uniform(10, 525_600))
    tested = status in (RunStatus.SUCCEEDED, RunStatus.FAILED)
    return Run(
        project=project,
        number=number,
        prompt=source.choice(PROMPTS),
        language="python",
        settings={"name": "", "language": "", "budget_usd": None, "max_tokens": None},
        status=status,
        created_at=created,
        queued_at=created,
        started_at=created + timedelta(seconds=1),
        finished_at=created + timedelta(seconds=source.uniform(8, 400)),
        tokens=0,
        cost_usd=0,
        quality=source.uniform(0.5, 1) if tested else None,
        tests_passed=source.randint(4, 60) if tested else None,
        tests_failed=(source.randint(1, 9) if status == RunStatus.FAILED else 0) if tested else None,
        tests_skipped=0 if tested else None,
        sandbox="docker",
    )
