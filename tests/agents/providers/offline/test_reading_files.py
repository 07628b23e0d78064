"""Descriptions of programs over files are read as they were meant, or refused with a sentence."""

from __future__ import annotations

import pytest

from agents.errors import NotUnderstood
from agents.providers.offline.reading import read
from agents.providers.offline.reading_files import read_groups, read_operations, read_report_formats
from agents.types import ProjectType

EVERY = {"filter", "select", "sort", "group", "statistics", "convert"}


@pytest.mark.parametrize(
    ("description", "operations"),
    [
        ("A CLI that converts JSON to CSV and back", {"convert"}),
        ("A CSV to JSON converter", {"convert"}),
        ("Create a simple CLI tool that processes CSV files", EVERY),
        ("A script that prints the first 10 rows of a CSV", EVERY),
        ("A command line tool that filters and sorts CSV by column", {"filter", "sort"}),
        ("A tool that counts the rows of a CSV per country", {"group"}),
        ("A terminal tool to get the total of a column in a CSV", {"statistics"}),
        ("A CLI to show the top 5 customers by revenue from a CSV", {"sort"}),
        ("A CLI that reads a JSON file of books and lists those published after 2000", {"filter"}),
        ("A tool that sorts CSV rows descending by price and keeps only name and price", {"sort", "select"}),
        ("A CLI that removes columns from a CSV", {"select"}),
        ("CSV tool with column sums and averages grouped by month", {"statistics", "group"}),
        ("A CLI that filters CSV rows where the age is at least 18", {"filter"}),
        ("A command-line tool to sort CSV by email", {"sort"}),
    ],
)
def test_operations_of_a_tool_are_found(description: str, operations: set[str]) -> None:
    brief = read(description)
    assert brief.project_type is ProjectType.CLI_TOOL
    assert brief.operations == operations


@pytest.mark.parametrize(
    ("description", "formats", "name"),
    [
        ("A Markdown report of sales grouped by region", ("md",), "Sales report"),
        ("A tool that computes statistics per column of a CSV and writes an HTML report", ("html",), "CSV report"),
        ("A CLI that reads JSON and makes a report as markdown", ("md",), "JSON report"),
        ("A data processor for survey results", (), "Survey report"),
        ("Summarize server logs by level", (), "Logs report"),
        ("An expense report as html, markdown and json", ("html", "md", "json"), "Expense report"),
        ("A report about a catalog in CSV", (), "CSV report"),
        ("A log analyzer called Woodcut with JSON output", ("json",), "Woodcut"),
    ],
)
def test_formats_of_a_report_are_found(description: str, formats: tuple[str, ...], name: str) -> None:
    brief = read(description)
    assert brief.project_type is ProjectType.DATA_PROCESSOR
    assert (brief.formats, brief.name) == (formats, name)
    assert bool(formats) != any("names no format" in text for text in brief.assumptions)


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("a report of sales per region", ("region",)),
        ("average salary by department, as markdown", ("department",)),
        ("totals per product and quarter, in html", ("product", "quarter")),
        ("counts for each country", ("country",)),
        ("statistics per column of a csv", ()),
        ("a report sorted by name and filtered by city", ()),
        ("a report", ()),
    ],
)
def test_columns_to_group_by_are_found(text: str, groups: tuple[str, ...]) -> None:
    assert read_groups(text) == groups


@pytest.mark.parametrize(
    ("description", "words"),
    [
        ("A report of sales per region", "--group-by region"),
        ("A CLI that groups CSV rows by region", "--by region"),
        ("A CLI to group a CSV by month and sum amounts", "a column 'month'"),
        ("A sales report filtered by region as HTML", "does not filter rows"),
        ("A sales report in HTML sorted by amount", "does not sort rows"),
    ],
)
def test_what_is_decided_or_left_out_is_an_assumption(description: str, words: str) -> None:
    assert any(words in text for text in read(description).assumptions)


@pytest.mark.parametrize(
    ("description", "word"),
    [
        ("A CLI that merges two CSV files", "merges"),
        ("A tool to join CSVs on a key", "join"),
        ("A CLI that splits a large CSV", "splits"),
        ("A web scraper CLI that writes JSON", "scraper"),
        ("CLI for CSV: dedupe rows", "dedupe"),
        ("A CLI that removes columns from a CSV and renames others", "renames"),
        ("CLI that adds a column to a CSV", "adds a"),
        ("A command-line tool which pretty-prints JSON", "pretty-prints"),
        ("A CLI that validates JSON against a schema", "validates"),
        ("A CLI that juggles CSV", "juggles"),
        ("A CLI to launder CSV", "launder"),
        ("A CLI that finds the longest word in a CSV column", "longest"),
        ("A CLI tool for managing tasks stored in a JSON file", "managing"),
        ("A command-line contact book that saves to JSON", "contact book"),
        ("A console app with todo list in CSV", "todo"),
        ("A CLI that prints the last 10 rows of a CSV", "last 10"),
        ("A tool converting CSV to Markdown tables", "markdown"),
        ("A CLI that converts JSONL to CSV", "jsonl"),
        ("A CLI that converts CSV to YAML", "yaml"),
        ("A CLI that sorts spreadsheets and CSV", "spreadsheets"),
        ("A CLI that sorts files", "names neither"),
        ("An HTML report with charts of expenses per month", "charts"),
        ("A report generator for survey data with correlation between questions", "correlation"),
        ("A report on student grades with percentiles", "percentiles"),
        ("A log analyzer that detects anomalies", "anomalies"),
        ("A data processor that writes a PDF", "pdf"),
        ("A data processor that imputes values", "imputes"),
        ("A data processing script that reads Excel", "excel"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(description: str, word: str) -> None:
    with pytest.raises(NotUnderstood) as refused:
        read(description)
    assert word in str(refused.value)
    assert "The offline provider knows these kinds of application" in str(refused.value)


def test_words_are_read_one_by_one() -> None:
    assert read_operations("nothing that is known") == EVERY
    assert read_operations("orders by price") == {"sort"}
    assert read_report_formats("a report of json files in html") == ("html",)
    assert read_report_formats("reads json, writes a summary in json") == ("json",)
