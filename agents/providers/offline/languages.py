"""The language that a description asks for among those of the blueprints, and its text without the words for it."""

from __future__ import annotations

import re

from agents.languages.choice import named_among
from agents.providers.offline.blueprints import BLUEPRINTS
from agents.providers.offline.blueprints.stacks import STACKS, Stack
from agents.providers.offline.refusals import refusal

_OTHERS = (
    r"golang|go|rust|javascript|typescript|java|kotlin|swift|ruby|php|perl|scala|elixir|haskell|lua|dart|julia|zig|"
    r"bash|powershell|cobol|fortran|node(?:\.?js)?|deno|bun|c\+\+|c#|\.net|clojure|erlang|ocaml|matlab|c|r"
)
_FRAMEWORKS = (
    r"flask|django|tornado|aiohttp|sanic|express(?:\.?js)?|nest\.?js|spring(?: boot)?|rails|laravel|asp\.net|"
    r"react|vue|angular|svelte|next\.?js|nuxt|tailwind|bootstrap|jquery|streamlit|click|typer|pandas|numpy|polars|"
    r"fastapi|fastify|koa"
)
_NAMES = "|".join(sorted((re.escape(name) for stack in STACKS for name in stack.names), key=len, reverse=True))
_LEAD = (
    r"(?:\b(?:written|coded|implemented|built|developed|made|programmed)\s+)?"
    r"\b(?:in|using|with|on|by means of|based on|on top of|via)\s+"
)
_HOW = r"(?:(?:only|just|nothing but|plain|modern|pure|idiomatic|vanilla|the|latest)\s+)*"
_VERSION = r"(?:\s+(?:version\s+)?v?\d+(?:\.\d+)*\+?(?!\w))?"
_ENDS = r"(?:\s+(?:packages?|modules?|only|alone)\b)*"
_NO_SUBJECT = (
    r"(?![\w+#]|-\w)"
    r"(?!\s+(?:flags?|fields?|files?|code|syntax|source|books?|courses?|lessons?|developers?|engineers?)\b)"
)
_OTHER = re.compile(
    rf"(?:\b(?:in|using|with|written in|coded in|based on)\s+)(?P<asked>{_OTHERS})(?![\w+#'-])(?!\s+(?:flag|"
    rf"field|files?))"
    rf"|\b(?P<alone>node\.?js|golang|typescript|kotlin|c\+\+|c#)(?![\w+#])"
)
_KIND = (
    r"(?:(?:rest(?:ful)?|web|http|json|crud|cli|command[- ]?line|csv|static|landing|data|small|simple|micro)[\s-]+)*"
    r"(?:apis?|cli|services?|servers?|backend|tools?|scripts?|utility|microservices?|(?:web)?(?:page|site)s?|processor|"
    r"programs?|apps?|applications?|command[- ]line|reports?|converters?|analy[sz]ers?|summary)\b"
)
_ARTICLE = r"\b(?:an?|the|small|simple|build|create|write|make|implement|develop)\s+"
_BESIDE = re.compile(
    rf"\b({_NAMES})\s*(?:,|\band\b|\+|/|&|\bplus\b)\s*(?=(?:{_NAMES})(?![\w+#]))",
    re.IGNORECASE,
)
"""Between two names of one list ('Express and TypeScript')."""
_SERVER = re.compile(r"(?:(?:small|simple|web|http)\s+)*(?:micro-?)?(?:services?|servers?|backend)\b", re.IGNORECASE)
_DEPENDENCIES = re.compile(
    r"[,;]?\s?(?:\b(?:and|with|but)\s+)*\b(?:no|without(?: any)?)\s+"
    r"(?:(?:third[- ]party|external|other|outside|web)\s+)+"
    r"(?:dependenc(?:y|ies)|packages?|librar(?:y|ies)|modules?|frameworks?)\b"
    r"|[,;]?\s?\b(?:(?:and|using|with)\s+)*(?:the\s+)?(?:standard library|stdlib) only\b"
    r"|[,;]?\s?\b(?:(?:and|using|with)\s+)*(?:only|just) the (?:standard library|stdlib)\b",
    re.IGNORECASE,
)


def language_of(text: str, chosen: str) -> str:
    """The language to write: the one of the form, or the one that a description asks for, or the default.

    Raises NotUnderstood for one that no blueprint is in.
    """
    known = {key for _kind, key in BLUEPRINTS}
    wanted = chosen.strip().lower()
    if not wanted:
        wanted = _named(text) or _opening(text) or STACKS[0].key
    if wanted not in known:
        raise refusal(f"The offline provider does not write '{wanted[:30]}'.")
    return wanted


def _named(text: str) -> str:
    """The first language that has all the names a text asks for; '' when it asks for none.

    Raises NotUnderstood for names that no language has together.
    """
    text = _BESIDE.sub(r"\1 with ", text)
    asked = [name for name in sorted({name for stack in STACKS for name in stack.names}) if _asks_for(text, name)]
    fitting = [stack.key for stack in STACKS if set(asked) <= set(stack.names)]
    if not fitting:
        raise refusal(f"The description asks for {' and '.join(map(repr, asked))}, which do not go together.")
    return fitting[0] if asked else ""


def _asks_for(text: str, name: str) -> bool:
    return named_among(text, {name: (name,)}) == name


def without_stack(text: str, language: str) -> str:
    """A description without the words that choose a language, or name what its applications are made of anyway."""
    parts = _stack(language).parts
    name = rf"(?:{_NAMES})(?:'s)?{_VERSION}(?:\s+(?:{parts}))?"
    item = rf"(?:{_HOW}(?:{name}|{parts}){_ENDS}{_NO_SUBJECT})"
    more = rf"(?:(?:\s*[,+/]\s*|\s+(?:and|with|using|plus)\s+)+(?:{_LEAD})?{item})*"
    text = re.sub(r"\(\s*\)", " ", _DEPENDENCIES.sub(" ", text))
    text = re.sub(rf"\s?\(\s*(?:{_LEAD})?{item}{more}\s*\)", " ", text, flags=re.IGNORECASE)
    text = re.sub(rf"[,;]?\s?{_LEAD}{item}{more}", " ", text, flags=re.IGNORECASE)
    return re.sub(rf"\b(?:{_NAMES}){_VERSION}[\s-]+(?P<kind>{_KIND})", _of_kind, text, flags=re.IGNORECASE)


def check_stack(text: str, language: str, *, overruled: bool, page: bool) -> None:
    """Raise NotUnderstood for another language or framework in a lower-case text.

    A language that the form overruled is none, nor is the JavaScript of a page.
    """
    stack = _stack(language)
    other = None if overruled else _OTHER.search(text)
    named = (other["asked"] or other["alone"]) if other else ""
    if named and not (page and named == "javascript"):
        raise refusal(f"The description asks for '{named}', which it does not write.")
    used = re.compile(stack.parts)
    for found in re.finditer(rf"\b(?:in|using|with|on|based on|and)\s+({_unused(stack)})(?![\w-])", text):
        if not used.fullmatch(found.group(1)):
            raise refusal(f"The description asks for '{found.group(1)}', which is not used in {stack.label} here.")


def check_storage(text: str, language: str) -> None:
    """Raise NotUnderstood for storage that the APIs of a language do not have."""
    stack = _stack(language)
    found = re.search(rf"\b(?:{stack.stores})\b", text) if stack.stores else None
    if found:
        raise refusal(f"The description asks for '{found.group()}', which its APIs in {stack.label} do not have.")


def _stack(language: str) -> Stack:
    return next(stack for stack in STACKS if stack.key == language)


def _unused(stack: Stack) -> str:
    return f"{_FRAMEWORKS}|{stack.lacks}" if stack.lacks else _FRAMEWORKS


def _opening(text: str) -> str:
    """The language before a kind ('Go REST API', 'a TypeScript data processor'), or that small letters ask for."""
    for stack in STACKS:
        names = "|".join(re.escape(name) for name in stack.names)
        if re.search(rf"(?:^\W*|{_ARTICLE})(?:{names})[\s-]+{_KIND}", text, re.IGNORECASE):
            return stack.key
        if re.search(rf"(?:\b(?:in|using|written in|coded in)\s+|\(\s*)(?:{names}){_NO_SUBJECT}", text.lower()):
            return stack.key
    return ""


def _of_kind(found: re.Match[str]) -> str:
    """The kind behind a language's name; a service, server or backend is an API."""
    kind = found.group("kind")
    return "REST service" if _SERVER.fullmatch(kind) else kind
