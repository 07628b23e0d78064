"""Everything that a database holds, as text to search in."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from django.db import connection


def database_text() -> str:
    """All rows of all tables of the test's database."""
    with connection.cursor() as cursor:
        return rows_as_text(cursor, connection.introspection.table_names(cursor))


def rows_as_text(cursor: Any, tables: Iterable[str]) -> str:
    """All rows of some tables, a value a line, each after its table and column; packed contents unpacked."""
    lines = []
    for table in tables:
        cursor.execute(f'SELECT * FROM "{table}"')
        names = [column[0] for column in cursor.description]
        for row in cursor.fetchall():
            lines += [f"{table}.{name}: {_text(value)}" for name, value in zip(names, row, strict=True)]
    return "\n".join(lines)


def _text(value: object) -> str:
    if not isinstance(value, bytes | memoryview):
        return str(value)
    content = bytes(value)
    with suppress(zlib.error):
        content = zlib.decompress(content)
    return content.decode("utf-8", "replace")
