"""Reads what a description of a web page asks for: its subject and its sections."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from agents.providers.offline.blueprints.base import Brief
from agents.providers.offline.refusals import refusal
from agents.providers.offline.rendering import one_line

MAX_SECTIONS = 12
USUAL = ("About", "Contact")
_QUOTED = re.compile(r"\b(?:for|called|named|about)\s+[\"“]([^\"”\n]{2,60})[\"”]", re.IGNORECASE)
_SUBJECT = re.compile(
    r"(?:\bfor|\b(?:page|site) (?:about|on)) (?:an? |the |my |our )?([\w&' -]{2,50}?)"
    r"(?= with\b| that\b| which\b| including\b| has\b| showing\b|[,.:;(]|$)"
)
_LIST = re.compile(
    r"\b(?:with|including|includes|having|has|containing|shows?|showing|sections?(?: for)?):? (?P<list>.+)"
)
_ENDS = re.compile(r"[.;]|\bthat\b|\bwhich\b|\bin (?:dark|light|blue|red|green)\b|\bfor (?:an?|the|my|our)\b")
_NOISE = re.compile(
    r"^(?:an?|the|some|my|our|its|several|sections?|(?:table|list) of|for|of|following|also|including|with)\s+"
    r"|\s+(?:sections?|list)$"
)
_LOOKS = re.compile(
    r"\b(?:dark(?: mode| theme)?|light(?: mode| theme)?|responsive(?: \w+)?|modern(?: \w+)?|clean(?: \w+)?|css|html|"
    r"(?:nice |simple |good )?(?:design|layout|style|styling)|navigation(?: bar)?|accessible|mobile[- ]friendly)\b"
)
_ALWAYS_THERE = frozenset({"hero", "hero section", "header", "footer", "heading", "title", "menu bar", "nav", "navbar"})
_BEYOND = re.compile(
    r"\b(log[- ]?in|sign[- ]?(?:in|up)|(?:online |web ?)?shop(?:ping)?|carts?|checkout|payments?|"
    r"booking system|database|search(?: \w+)?|chat(?:bot)?|comments?|user accounts?|admin|"
    r"blog engine|cms|game|(?:google )?maps?|videos?(?: player)?|slideshow|"
    r"carousel|animat\w+|countdown|timer|clock|current (?:time|date)|calculator|quiz|live \w+|uploads?|newsletter|"
    r"subscri\w+|multi-?page|(?:multiple|several|many|two|three|four|five) pages|rss|pdf|downloads?|cookie banner|"
    r"analytics|tracking|language switch\w*|toggle|tabs|accordion|modal|pop-?ups?|dropdown|parallax|lightbox|"
    r"social feed|instagram feed)\b"
)
_TONGUES = "german french spanish italian portuguese dutch polish russian chinese japanese korean arabic turkish hindi"
_TONGUE = re.compile(rf"\bin ({_TONGUES.replace(' ', '|')})\b")
_PICTURES = re.compile(r"\b(?:galler(?:y|ies)|photos?|images?|pictures?|logos?)\b")
_COLOURS = re.compile(
    r"\b(?:dark|light|blue|red|green|yellow|orange|pink|purple|black|white|pastel|colou?rs?|colou?rful)\b"
)
_SPELLED = {"cv": "CV", "faq": "FAQ", "faqs": "FAQs", "rsvp": "RSVP", "github": "GitHub", "linkedin": "LinkedIn",
            "api": "API", "ceo": "CEO", "usa": "USA", "uk": "UK", "diy": "DIY"}  # fmt: skip
_PERSON = re.compile(r"(?:er|or|ist|ian|chef|coach|friend)$")


def read_page(brief: Brief, text: str) -> Brief:
    """The brief of a page. Raises NotUnderstood for what a static page cannot do."""
    found = _SUBJECT.search(text)
    named = found.group(1).strip() if found else ""
    beyond = _BEYOND.fullmatch(named) or _BEYOND.search(text.replace(named, " ", 1) if named else text)
    if beyond:
        raise refusal(f"The description asks for '{beyond.group()}', which its static web page does not have.")
    tongue = _TONGUE.search(text)
    if tongue:
        raise refusal(f"The description asks for a page in {tongue.group(1).capitalize()}; its texts are in English.")
    quoted = _QUOTED.search(brief.description)
    text = _QUOTED.sub(" for it ", text) if quoted else text
    subject = "" if quoted else one_line(named).strip(" -'")
    sections = _sections(text)
    title = brief.name or _title(one_line(quoted.group(1)) if quoted else subject, text)
    details = {"sections": json.dumps(sections or list(USUAL)), "tagline": _tagline(subject)}
    return replace(brief, name=title, details=details, assumptions=_assumptions(text, sections))


def _assumptions(text: str, sections: list[str]) -> tuple[str, ...]:
    """What was decided for the person, as sentences."""
    notes = ["The texts, names, times and prices are placeholders; replace them in site/index.html."]
    if not sections:
        notes.append("The description names no sections; the page gets About and Contact.")
    if any(name.lower().endswith("form") for name in sections):
        notes.append(
            "The form asks for name, e-mail address and message, and opens the reader's mail program with them."
        )
    if _PICTURES.search(text):
        notes.append("No pictures are included; put yours into the folder site.")
    if _COLOURS.search(text):
        notes.append("The page is light or dark as the reader's system is; the colours stand in site/style.css.")
    return tuple(notes)


def _tagline(subject: str) -> str:
    """'Welcome to our bakery.', but no such words for persons, several things or names."""
    last = subject.rpartition(" ")[2]
    fits = last and not last.endswith("s") and not _PERSON.search(last)
    return f"Welcome to our {subject}." if fits else "Welcome."


def _title(subject: str, text: str) -> str:
    if subject:
        return _headline(subject)
    return "Portfolio" if "portfolio" in text else "Home page"


def _headline(words: str) -> str:
    """The words with a capital, and abbreviations as they are spelled."""
    spelled = " ".join(_SPELLED.get(word, word) for word in words.split())
    return spelled[0].upper() + spelled[1:]


def _sections(text: str) -> list[str]:
    found = _LIST.search(text)
    if found is None:
        return []
    listed = _LOOKS.sub("", _ENDS.split(found.group("list"))[0])
    parts = re.split(r",|\band\b|&|\+|\bplus\b", listed)
    names = [_cleaned(part) for part in parts]
    kept = list(dict.fromkeys(name for name in names if name and name not in _ALWAYS_THERE))
    if len(kept) > MAX_SECTIONS:
        raise refusal(f"The description names {len(kept)} sections; a page can have {MAX_SECTIONS}.")
    return [_headline(name) for name in kept]


def _cleaned(part: str) -> str:
    name = " ".join(re.sub(r"[^\w' -]", " ", part).split())
    while (shorter := _NOISE.sub("", name)) != name:
        name = shorter
    return name[:50].strip(" -'")
