"""What the templates for programs over tables need to know: the package, its commands and sample data."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from agents.providers.offline.blueprints.base import Brief
from agents.providers.offline.rendering import one_line

_TAKEN_NAMES = """
    tests test csv json cli statistics argparse string types typing code token tables report sample html io re sys
    select queue site calendar cmd email http logging random secrets signal struct time trace uuid pytest
"""
MAX_PACKAGE = 23
_TAKEN = frozenset(_TAKEN_NAMES.split())


@dataclass(frozen=True, slots=True)
class Sample:
    """Made-up data: the names of a text, a group and a number column, and lines of CSV."""

    text: str
    group: str
    number: str
    cells: tuple[str, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """The file, with its header."""
        return (f"{self.text},{self.group},{self.number}", *self.cells)


def _sample(columns: str, rows: str) -> Sample:
    """Read from lines of CSV between spaces."""
    text, group, number = columns.split(",")
    return Sample(text, group, number, tuple(rows.split()))


SAMPLES = {
    "sale": _sample("product,region,amount", "Lamp,north,30 Desk,south,120.5 Chair,north,45 Lamp,west,"),
    "survey": _sample("question,group,score", "Price,adults,4 Quality,teens,5 Price,teens,3 Design,adults,"),
    "log": _sample("message,level,duration", "started,info,12 slow_answer,warning,950.5 done,info,40 lost,error,"),
    "employee": _sample("name,department,salary", "Ada,research,5200 Bo,sales,4100 Cy,research, Dé,sales,3900"),
    "expense": _sample("title,category,amount", "Train,travel,42 Lunch,food,13.5 Hotel,travel,180 Tea,food,"),
    "": _sample("name,city,age", "Ada,Rome,36 Bo,Oslo,27 Cy,Rome, Dé,Paris,41"),
}


_TOPIC = re.compile(rf"\b(?:{'|'.join(word for word in SAMPLES if word)})s?\b")


@dataclass(frozen=True, slots=True)
class CommandView:
    """A subcommand: its name, what it does, and words to try it with."""

    name: str
    help: str
    example: str


@dataclass(frozen=True, slots=True)
class TablesView:
    """A program over tables."""

    package: str
    title: str
    summary: str
    sample: Sample
    commands: tuple[CommandView, ...] = ()
    formats: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()

    def any_command(self, file: str, column: str) -> str:
        """Arguments of the first command, for a file given as a Python expression, as Python source."""
        words = {
            "filter": f'"{column}!=nothing"',
            "select": f'"{column}"',
            "sort": f'"{column}"',
            "group": f'"--by", "{column}"',
        }
        name = self.commands[0].name
        more = words.get(name)
        return f'"{name}", {file}' + (f", {more}" if more else "")

    @property
    def any_head(self) -> str:
        """How the first command's CSV of the columns a and b with the delimiter tab begins."""
        heads = {"group": "a\\tcount", "stats": "column\\ttype", "select": "a\\n"}
        return heads.get(self.commands[0].name, "a\\tb")


def topic_of(text: str) -> str:
    """The word of a lower-case description that sample data is there for ('sales'), or ''."""
    found = _TOPIC.search(text)
    return found.group() if found else ""


def sample_for(text: str, by: str = "") -> Sample:
    """The sample data that fits the words of a description; ``by`` is the column that it groups by."""
    topic = topic_of(text)
    sample = next(sample for word, sample in SAMPLES.items() if topic.startswith(word))
    return replace(sample, group=by) if by not in ("", sample.text, sample.number) else sample


def tables_view(
    brief: Brief, summary: str, *, commands: tuple[CommandView, ...] = (), formats: tuple[str, ...] = ()
) -> TablesView:
    """The view of a brief. The package is never named as a module of the standard library or of the program."""
    package = _package(brief.slug)
    if package in _TAKEN:
        package = f"{package[:18]}_tool"
    by = first_group(brief)
    sample = sample_for(brief.description.lower(), by)
    examples = tuple(f"python -m {package} {words}" for words in _report_examples(by or sample.group, formats))
    return TablesView(package, one_line(brief.name), summary, sample, commands, formats, examples)


def _package(slug: str) -> str:
    """As many whole words of a name as lines of code have room for."""
    cut = slug[:MAX_PACKAGE]
    if slug != cut and slug[MAX_PACKAGE] != "_":
        cut = cut.rpartition("_")[0] or cut
    return cut.rstrip("_")


def first_group(brief: Brief) -> str:
    """The column that the description groups by, or ''."""
    return brief.details.get("by", "").split(",")[0]


def _report_examples(by: str, formats: tuple[str, ...]) -> tuple[str, ...]:
    if not formats:
        return ()
    every = " ".join(f"--format {name}" for name in formats)
    return ("sample.csv", f"sample.csv {every} --group-by {by} --output-dir reports")
