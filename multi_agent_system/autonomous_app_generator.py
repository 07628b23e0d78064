"""Make an application from Python: ``await generate_autonomous_application("Create a REST API for …")``."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from generations.results import RunResult


async def generate_autonomous_application(  # noqa: PLR0913 - the documented interface
    description: str,
    name: str = "",
    *,
    language: str = "",
    provider: str = "",
    output: str | Path | None = None,
    budget_usd: Decimal | float | None = None,
    images: Sequence[str | Path] = (),
) -> RunResult:
    """Make one application to its end and tell what came of it; the run shows in the dashboard like any other.

    '' lets the run decide (name, language) or takes the default (provider). With ``output`` the files are
    written below that folder. A cancelled task stops the run. Raises LaunchError for an order that cannot be
    taken and OutputRefused for a folder that holds other files.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "autocoder_site.settings")
    await asyncio.to_thread(_set_up)
    # Needs the configured settings.
    from generations.command_line import running  # noqa: PLC0415
    from generations.order import RunOrder  # noqa: PLC0415

    pictures = await asyncio.to_thread(running.read_images, images)
    order = RunOrder(
        prompt=description,
        name=name,
        language=language,
        profile=provider,
        budget_usd=None if budget_usd is None else Decimal(str(budget_usd)),
        images=pictures,
    )
    folder = None if output is None else Path(output)
    run = await asyncio.to_thread(running.start, order)
    try:
        return await asyncio.to_thread(running.finish, run, folder)
    except asyncio.CancelledError:
        await asyncio.to_thread(running.stop, run)
        raise


def _set_up() -> None:
    import django  # noqa: PLC0415
    from django.apps import apps  # noqa: PLC0415

    if not apps.ready:
        django.setup()
