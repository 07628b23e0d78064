"""Reads what a description of a program over files asks for: operations, columns to group by, formats of reports."""

from __future__ import annotations

import re

from agents.providers.offline.words import identifier

_OPERATIONS = {
    "filter": r"filter\w*|where|matching|conditions?|quer(?:y|ies)|search\w*|rows? (?:that|which|with)|"
    r"(?:greater|less|more|fewer|older|younger|larger|smaller) than|(?:above|below|over|under|after|before) \d",
    "select": r"select\w*|(?:choose|pick|extract|drop|keep|remov|exclud)\w* (?:\w+ )*columns?|"
    r"columns? (?:selection|extraction)|(?:keep|pick|extract)(?:s|ing)? only|only (?:the )?(?:\w+ )*columns?",
    "sort": r"sort\w*|order(?:s|ed|ing)? (?:\w+ )*by|rank\w*|(?:top|highest|lowest|largest|smallest|newest|oldest)",
    "group": r"group\w*|aggregat\w*|pivot\w*|(?:sum|total|average|count|mean|break)s? (?:\w+ )*(?:by|per|for each|"
    r"of each)|(?:sums?|totals?|counts?) (?:the )?\w+ (?:by|per)",
    "statistics": r"statistic\w*|stats?\b|summar\w*|averages?|means?\b|medians?|describe\w*|analy\w*|profil\w*"
    r"|standard deviations?|sums?\b|totals?\b|minim\w+|maxim\w+|distinct|unique values",
    "convert": r"convert\w*|conversion|transform\w*|translat\w*|turns? (?:\w+ )?(?:csv|json)|(?:csv|json) (?:in)?to "
    r"(?:csv|json)|between csv and json",
}
_REPORTS = {
    "html": r"html|web page|browser",
    "md": r"markdown|\bmd\b",
    "json": r"json (?:report|summary|output)|(?:as|in|to|and|or|,) json\b(?! (?:files?|data|logs?|input))",
}
_BY = re.compile(
    r"\b(?:by|per|(?:for|of|in) (?:each|every)|broken down by)\s+(?:the\s+|their\s+|its\s+|each\s+)?"
    r"(?P<first>[a-z_]+)(?:(?:,| and|, and)\s+(?:by\s+|per\s+)?(?P<second>[a-z_]+)(?=\s*(?:[.,;]|$| in\b| as\b)))?"
)
_NO_COLUMNS = frozenset(
    {
        "column",
        "columns",
        "row",
        "rows",
        "line",
        "lines",
        "default",
        "hand",
        "me",
        "them",
        "it",
        "each",
        "a",
        "an",
        "one",
    }
)
_OTHER_BY = re.compile(r"\b(?:filter|select|sort|order|rank|search)\w*(?: (?:it|them|rows))? by \w+")
_TIMES = frozenset({"hour", "day", "week", "month", "quarter", "year"})
_NOT_REPORTED = {"filter": "filter rows", "select": "choose columns", "sort": "sort rows", "convert": "convert files"}


def read_operations(text: str) -> frozenset[str]:
    """The operations that a lower-case description names; all of them when it names none."""
    return _named(text) or frozenset(_OPERATIONS)


def _named(text: str) -> frozenset[str]:
    return frozenset(name for name, pattern in _OPERATIONS.items() if re.search(rf"\b(?:{pattern})", text))


def read_report_formats(text: str) -> tuple[str, ...]:
    """The formats of the report that it names, '' when it leaves that open."""
    return tuple(name for name, pattern in _REPORTS.items() if re.search(pattern, text))


def read_groups(text: str) -> tuple[str, ...]:
    """The columns that it wants figures grouped by, as identifiers, in the order named."""
    words = [
        match[group]
        for match in _BY.finditer(_OTHER_BY.sub(" ", text))
        for group in ("first", "second")
        if match[group]
    ]
    return tuple(dict.fromkeys(identifier(word) for word in words if word not in _NO_COLUMNS))[:3]


def group_notes(groups: tuple[str, ...], option: str) -> tuple[str, ...]:
    """How the columns named are given to the program, as sentences."""
    if not groups:
        return ()
    options = " ".join(f"{option} {name}" for name in groups)
    notes = [f"The columns to group by are named when it runs: {options}."]
    times = [name for name in groups if name in _TIMES]
    if times:
        notes.append(f"Dates are not taken apart: the file needs a column '{times[0]}' of its own.")
    return tuple(notes)


def report_notes(text: str) -> tuple[str, ...]:
    """What a description wants besides a report that a data processor does not do, as sentences."""
    left = [words for name, words in _NOT_REPORTED.items() if name in _named(text)]
    return (f"The report covers the whole file; it does not {' or '.join(left)}.",) if left else ()
