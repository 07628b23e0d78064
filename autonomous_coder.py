#!/usr/bin/env python3
"""Make an application on the command line: python autonomous_coder.py "DESCRIPTION"."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Set Django up and hand over; gives the exit code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "autocoder_site.settings")
    try:
        import django  # noqa: PLC0415
    except ImportError:
        print(
            "The requirements are not installed for this Python. Run 'make install' (or 'python3 manage.py install') "
            "once, then: .venv/bin/python autonomous_coder.py …",
            file=sys.stderr,
        )
        return 2
    django.setup()
    from generations.command_line.main import main as run  # noqa: PLC0415

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
