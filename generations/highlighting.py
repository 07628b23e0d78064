"""Code as highlighted HTML."""

from __future__ import annotations

from django.utils.safestring import SafeString, mark_safe
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_for_filename
from pygments.lexers.special import TextLexer
from pygments.util import ClassNotFound


def highlighted(path: str, text: str) -> SafeString:
    """The text with classes for its tokens and an anchor ``L-n`` for each line n; everything is escaped."""
    try:
        lexer = get_lexer_for_filename(path.rsplit("/", 1)[-1])
    except ClassNotFound:
        lexer = TextLexer()
    formatter = HtmlFormatter(cssclass="source", linenos="table", lineanchors="L", anchorlinenos=True, wrapcode=True)
    # Pygments escapes all of the text itself.
    return mark_safe(highlight(text, lexer, formatter))  # noqa: S308
