"""The languages of the blueprints as descriptions speak of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stack:
    """A language as descriptions speak of it; the texts are patterns for lower-case words."""

    key: str
    label: str
    names: tuple[str, ...]
    """What chooses it: its names, and frameworks that its blueprints use."""
    parts: str
    """What its applications are made of anyway, so that it need not be said."""
    lacks: str = ""
    """What is asked for in this language, and not used by its blueprints."""
    stores: str = ""
    """Words for storage that its APIs do not have."""


_NODE = ("node", "node.js", "nodejs", "express", "express.js", "expressjs")
_NODE_PARTS = r"standard library|node(?:\.?js)?|express(?:\.?js)?|zod|npm|esm|es modules|node:test|node:sqlite"
_NODE_LACKS = r"prisma|sequelize|typeorm|knex|mongoose|jest|vitest|mocha|commander|yargs|hapi|hono|pnpm|yarn|bun|deno"

STACKS = (
    Stack("python", "Python", ("python", "python3", "fastapi"), r"standard library|stdlib|fastapi|argparse"),
    Stack("javascript", "JavaScript", ("javascript", "js", *_NODE), _NODE_PARTS, _NODE_LACKS),
    Stack("typescript", "TypeScript", ("typescript", "ts", *_NODE), rf"{_NODE_PARTS}|tsc", _NODE_LACKS),
    Stack(
        "go",
        "Go",
        ("go", "golang"),
        r"(?:go )?standard library|stdlib|net/http|log/slog|slog|encoding/(?:json|csv)|html/template|http\.servemux|"
        r"servemux|goroutines?|generics|go:embed|embed|flag package",
        lacks=r"gin|echo|fiber|chi|gorilla(?:/mux)?|cobra|gorm|sqlx|viper",
        stores=r"sqlite3?|sql|bolt(?:db)?|badger",
    ),
)
"""In the order in which they are told. The first is the default."""
