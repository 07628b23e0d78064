"""The prompt: a description starts an application, what follows changes it."""

from __future__ import annotations

import sys
from collections.abc import Callable

from django.conf import settings
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.history import FileHistory

from generations import artifacts
from generations.command_line import running
from generations.errors import LaunchError, OutputRefused
from generations.forms import EXAMPLES
from generations.models import Run
from generations.order import RunOrder

HELP = """\
A description starts an application; after that, what you write changes it.
  /new TEXT   start another application      /files       list the files
  /show PATH  print a file                   /quit        leave (or Ctrl-D)"""
WORDS = ["/new", "/files", "/show", "/help", "/quit"]


def converse(finish: Callable[[Run], int], order: Callable[[str], RunOrder]) -> int:
    """Read lines until /quit; gives the exit code of the last run, 0 without any."""
    read = _reader()
    print(HELP)
    current: Run | None = None
    code = 0
    while True:
        try:
            line = read(f"{current.project.name}> " if current else "autocoder> ").strip()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return code
        if line == "/quit":
            return code
        if line:
            try:
                current, code = _answer(line, current, code, finish, order)
            except (LaunchError, OutputRefused) as error:
                print(error)


def _answer(
    line: str, current: Run | None, code: int, finish: Callable[[Run], int], order: Callable[[str], RunOrder]
) -> tuple[Run | None, int]:
    """Do what one line says; gives the run that is spoken of, and the exit code."""
    word, _, rest = line.partition(" ")
    if word == "/help" or (line.startswith("/") and word not in WORDS):
        print(HELP)
    elif word == "/files" and current is not None:
        print("\n".join(artifacts.tree(current).values_list("path", flat=True)) or "None yet.")
    elif word == "/show" and current is not None:
        print(_content(current, rest.strip()))
    elif word in ("/files", "/show"):
        print("There is no application yet; describe one.")
    else:
        text = rest if word == "/new" else line
        run = running.start(order(text)) if word == "/new" or current is None else running.change(current, text)
        return run, finish(run)
    return current, code


def _content(run: Run, path: str) -> str:
    row = artifacts.tree(run).defer(None).filter(path=path).first()
    return row.source_file().text if row is not None else f"There is no file {path!r}; /files lists them."


def _reader() -> Callable[[str], str]:
    """Reads a line: with history and completion on a terminal, plainly from a pipe."""
    if not sys.stdin.isatty():
        return input
    session: PromptSession[str] = PromptSession(
        history=FileHistory(str(settings.VAR_DIR / "history")),
        completer=WordCompleter([*WORDS, *EXAMPLES], sentence=True),
        complete_while_typing=False,
    )
    return session.prompt
