#!/usr/bin/env python3
"""Django's command line; 'install', 'run', 'test', 'lint', 'format' and 'demo' work on a bare checkout."""

import os
import sys

WORDS = ("install", "run", "test", "lint", "format", "demo")


def main() -> int:
    """Do one of our words, or run a management command of Django."""
    if sys.version_info < (3, 11):
        found = ".".join(str(part) for part in sys.version_info[:2])
        print("Autocoder needs Python 3.11 or newer; this is " + found + ". Start it as: python3.11 manage.py run")
        return 1
    if len(sys.argv) > 1 and sys.argv[1] in WORDS:
        from autocoder_site.setup import words

        return words.main(sys.argv[1], sys.argv[2:])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "autocoder_site.settings")
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
