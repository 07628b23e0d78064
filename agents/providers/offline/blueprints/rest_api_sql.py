"""Names in SQL: which words SQLite keeps for itself."""

from __future__ import annotations

_KEYWORDS = (
    "abort action add after all alter always analyze and as asc attach autoincrement before begin between by "
    "cascade case cast check collate column commit conflict constraint create cross current current_date "
    "current_time current_timestamp database default deferrable deferred delete desc detach distinct do drop "
    "each else end escape except exclude exclusive exists explain fail false filter first following for "
    "foreign from full generated glob group groups having if ignore immediate in index indexed initially inner "
    "insert instead intersect into is isnull join key last left like limit match materialized natural no not "
    "nothing notnull null nulls of offset on or order others outer over partition plan pragma preceding "
    "primary query raise range recursive references regexp reindex release rename replace restrict returning "
    "right rollback row rowid rows savepoint select set table temp temporary then ties to transaction trigger "
    "true unbounded union unique update using vacuum values view virtual when where window with without "
)
SQL_KEYWORDS = frozenset(_KEYWORDS.split())


def sql_name(name: str) -> str:
    """A column or table name, quoted where SQLite has a keyword of that name."""
    return f'"{name}"' if name in SQL_KEYWORDS else name
