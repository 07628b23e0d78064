"""Make the sandbox images on this machine's Docker engine; nothing is done for those that are there."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError, CommandParser

from agents.errors import SandboxUnavailable
from agents.languages import TOOLCHAINS
from agents.sandboxes import images


class Command(BaseCommand):
    """Makes every image, or those of the named languages."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """--language may be given several times."""
        parser.add_argument("--language", action="append", choices=sorted(TOOLCHAINS), default=None)

    def handle(self, *_args: object, **options: list[str] | None) -> None:
        """Make what is missing; a failure is one sentence and exit code 1."""
        languages = sorted({TOOLCHAINS[name].image for name in options["language"] or TOOLCHAINS})
        for key in [*languages, *(f"{key}{images.BROWSER}" for key in languages if key in images.PUBLIC_BASE)]:
            try:
                made = images.build(key, self.stdout.write)
            except SandboxUnavailable as error:
                raise CommandError(str(error)) from error
            self.stdout.write(f"{images.image_tag(key)} {'was made' if made else 'is there'}")
