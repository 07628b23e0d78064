"""Run delivered applications that people open, each in a sandbox, and serve them at addresses of their own."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from argparse import ArgumentParser

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand

from generations.previewing.gateway import Gateway
from generations.previewing.house import House

CONNECTIONS = 200
LONGEST_HEADERS = 32 * 1024


class Command(BaseCommand):
    """One process a site; it is told to end by SIGTERM or SIGINT, and ends every application then."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the address to listen on."""
        parser.add_argument("--host", default=os.environ.get("HOST", "127.0.0.1"))
        parser.add_argument("--port", type=int, default=settings.PREVIEW_PORT)

    def handle(self, *_args: object, **options: object) -> None:
        """Serve until the end."""
        house = House()
        server = uvicorn.Server(
            uvicorn.Config(
                Gateway(house),
                host=str(options["host"]),
                port=int(str(options["port"])),
                # No websockets: what a page opens is of its own origin, and leads into the sandbox by single requests.
                ws="none",
                http="h11",
                lifespan="off",
                log_level="critical",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=CONNECTIONS,
                h11_max_incomplete_event_size=LONGEST_HEADERS,
                timeout_graceful_shutdown=2,
            )
        )
        keeper = threading.Thread(target=house.run, name="house")
        keeper.start()
        # The server raises what ended it once more when it has ended; everything else here is to end in order then.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: setattr(server, "should_exit", True))
        try:
            asyncio.run(server.serve())
        finally:
            house.close()
            keeper.join()
