"""Make the sandbox images on this machine's Docker engine; without one, fetch the programs that bubblewrap lends.

Nothing is done for what is there.
"""

from __future__ import annotations

import time

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from agents.errors import SandboxUnavailable
from agents.languages import TOOLCHAINS
from agents.sandboxes import images
from agents.sandboxes.images.contents import prepare
from generations.management.sandbox_ready import accept_image


class Command(BaseCommand):
    """Makes every image, or those of the named languages."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Names of languages; none means all."""
        parser.add_argument("language", nargs="*", metavar="LANGUAGE", help=f"of {', '.join(sorted(TOOLCHAINS))}")

    def handle(self, *_args: object, **options: list[str]) -> None:
        """Make what is missing; a failure is one sentence and exit code 1."""
        unknown = [name for name in options["language"] if name not in TOOLCHAINS]
        if unknown:
            known = ", ".join(sorted(TOOLCHAINS))
            raise CommandError(f"'{unknown[0]}' is not a language here. Known languages: {known}.")
        wanted = sorted({TOOLCHAINS[name].image for name in options["language"] or TOOLCHAINS})
        try:
            if settings.SANDBOX == "bubblewrap" or not images.engine_answers():
                self._fetch(wanted)
            else:
                self._make([f"{name}{end}" for end in ("", images.BROWSER) for name in wanted])
        except SandboxUnavailable as error:
            raise CommandError(str(error)) from error

    def _make(self, keys: list[str]) -> None:
        for key in keys:
            started = time.monotonic()
            made = images.build(key, settings.PACKAGE_CACHE, self.stdout.write)
            accept_image(key)
            how = f"was made in {time.monotonic() - started:.0f} s" if made else "is there"
            self.stdout.write(f"{images.image_tag(key)} {how}")

    def _fetch(self, languages: list[str]) -> None:
        """What bubblewrap lends to applications of each language."""
        for language in languages:
            prepare(language, settings.PACKAGE_CACHE)
            self.stdout.write(f"The programs for {language} are there; bubblewrap lends them to applications.")
