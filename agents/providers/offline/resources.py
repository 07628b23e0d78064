"""Brings the paths of described routes together with the things that a description names."""

from __future__ import annotations

from dataclasses import replace

from agents.providers.offline.blueprints.base import Entity
from agents.providers.offline.entities import Draft, drafts_with
from agents.providers.offline.nouns import RENAMED, SAME_AS, known
from agents.providers.offline.refusals import refusal
from agents.providers.offline.routes import Route, Routes
from agents.providers.offline.words import plural, singular, spoken

_OWN = frozenset({"", "health", "doc", "docs", "openapi", "openapi_json", "redoc"})
_WEATHER = frozenset(
    {"weather/current", "weather/cities", "forecasts/{}", "forecasts", "observations", "observations/{}"}
)
_SINGLE = {"GET", "PUT", "PATCH", "DELETE", ""}
_SEVERAL = {"GET", "POST", ""}
_ALLOWED = {
    (False,): _SEVERAL,
    (False, True): _SINGLE,
    (False, True, False): _SEVERAL,
    (False, True, False, True): _SINGLE,
}
"""The methods of each form of path; True stands for a parameter."""
_EVERY = ("GET", "POST", "PUT", "PATCH", "DELETE")


def _about_things(routes: Routes) -> list[Route]:
    return [route for route in routes.routes if route.nouns and route.nouns[0] not in _OWN]


def fallback(routes: Routes) -> list[Draft]:
    """What a description without a named thing is about: the noun of its only collection."""
    nouns = dict.fromkeys(route.nouns[0] for route in _about_things(routes))
    return [Draft(noun) for noun in nouns] if len(nouns) == 1 else []


def joined(drafts: list[Draft], routes: Routes) -> tuple[list[Draft], list[tuple[str, str]], list[str]]:
    """Things with those that only paths name, relations by nested paths, and notes on routes that differ.

    Raises NotUnderstood for a route that the API does not have.
    """
    names = [draft.name for draft in drafts]
    about = _about_things(routes)
    meant = _meant([noun for route in about for noun in route.nouns], names)
    firsts = list(dict.fromkeys(route.nouns[0] for route in about))
    stored = {route.nouns[-1] for route in about if route.method != "GET" or len(route.rest) > 1}
    if len(firsts) == len(names) == 1 and meant[firsts[0]] not in names and firsts[0] in stored:
        meant[firsts[0]] = names[0]
    for route in routes.routes:
        _check(route, names, meant, stored)
    drafts = [*drafts, *(Draft(name) for name in dict.fromkeys(meant.values()) if name not in names)]
    for noun, words in routes.items.items():
        if words and noun in meant:
            drafts_with(drafts, meant[noun], words)
    drafts, dropped = _without_unrouted(drafts, set(meant.values()))
    nested = [(meant[route.nouns[1]], meant[route.nouns[0]]) for route in about if len(route.nouns) == 2]
    notes = [*routes.notes, *dropped, *_prefixed(routes), *_differences(about, meant)]
    return drafts, list(dict.fromkeys(nested)), list(dict.fromkeys(notes))


def unread_notes(routes: Routes, entities: list[Entity]) -> list[str]:
    """What nothing was read of beside the routes; words that name fields are no news."""
    names = [word for entity in entities for item in entity.fields for word in item.name.split("_")]
    known_words = {*names, *map(singular, names)}
    more = [item.text for item in routes.unread if not item.words <= known_words]
    return list(dict.fromkeys(f"Nothing beyond the usual routes was read of '{text[:120]}'." for text in more))


def weather_notes(routes: Routes) -> list[str]:
    """Which of the described routes of a weather API are others in the written one."""
    other = [route.path for route in _about_things(routes) if "/".join(route.rest) not in _WEATHER]
    paths = ", ".join(dict.fromkeys(other))
    found = [f"The routes are /weather/current?city= and /forecasts/{{city}} in place of {paths}."] if other else []
    return [*routes.notes, *found, *_prefixed(routes)]


def _meant(nouns: list[str], names: list[str]) -> dict[str, str]:
    """What each noun of a path means; a name is not meant by two nouns unless one of them is just that name."""
    meant = {noun: _named(noun, names) or noun for noun in nouns}
    shared = {name for name in meant.values() if [*meant.values()].count(name) > 1}
    return {noun: noun if name in shared and noun in name.split("_") else name for noun, name in meant.items()}


def renamed(drafts: list[Draft], routes: Routes) -> list[Draft]:
    """Things that only a topic names ('inventory') under the names that the paths give them ('/items')."""
    nouns = [noun for route in _about_things(routes) for noun in route.nouns]
    names = [draft.name for draft in drafts]
    meant = _meant(nouns, names).items()
    better = {name: noun for noun, name in meant if name in RENAMED.values() and name.endswith(f"_{noun}")}
    return [replace(draft, name=better.get(draft.name, draft.name)) for draft in drafts]


def _without_unrouted(drafts: list[Draft], routed: set[str]) -> tuple[list[Draft], list[str]]:
    """Where paths name what is stored: the things without those that neither a path nor a field makes one."""
    if not routed:
        return drafts, []
    kept = [d for d in drafts if d.name in routed or d.fields or (known(d.name) and not d.hint)]
    lost = [spoken(draft.name) for draft in drafts if draft not in kept]
    return kept, [f"Nothing is stored for '{name}', as no route names it." for name in lost]


def _named(noun: str, names: list[str]) -> str:
    """The thing that a path's noun means."""
    wanted = {noun, RENAMED.get(noun, noun), SAME_AS.get(noun, noun)}
    ends = [name for name in names if noun in (name.split("_")[-1], name.split("_")[0], name.removesuffix("_record"))]
    exact = next((name for name in names if name in wanted or SAME_AS.get(name, name) in wanted), "")
    return exact or (ends[0] if len(ends) == 1 else "")


def _check(route: Route, names: list[str], meant: dict[str, str], stored: set[str]) -> None:
    """Refuse what is no collection, no member of one and no collection below a member."""
    wrong = refusal(
        f"The description asks for the route {f'{route.method} {route.path}'.strip()}, which its API does not have."
    )
    if not route.nouns or route.nouns[0] in _OWN:
        if route.method in ("GET", "") or not route.rest:
            return
        raise wrong
    if route.method not in _ALLOWED.get(tuple(part == "{}" for part in route.rest), set()):
        raise wrong
    for noun, segment in zip(route.nouns, (part for part in route.rest if part != "{}"), strict=True):
        last = segment.replace("-", "_").rsplit("_", 1)[-1]
        plain = singular(last) != last or known(noun) or plural(last) == last
        if meant[noun] not in names and not (plain and (noun in stored or known(noun) or not names)):
            raise wrong


def _prefixed(routes: Routes) -> list[str]:
    prefix = next((route.prefix for route in routes.routes if route.prefix), "")
    return [f"The routes have no prefix: they do not begin with {prefix}."] if prefix else []


def _differences(routes: list[Route], meant: dict[str, str]) -> list[str]:
    notes = []
    for route in routes:
        name, wanted = meant[route.nouns[-1]], [part for part in route.rest if part != "{}"][-1]
        several = "_".join([*name.split("_")[:-1], plural(name.split("_")[-1])])
        if len(route.nouns) == 2:
            notes.append(f"Instead of {route.path} there is /{several}?{meant[route.nouns[0]]}_id=….")
        elif wanted != several:
            notes.append(f"The routes of {spoken(several)} are below /{several}, not /{wanted}.")
    methods = {route.method for route in routes} - {""}
    more = [name for name in _EVERY if name not in methods]
    if methods and more:
        notes.append(f"Each thing has the usual routes, also those not described ({', '.join(more)}).")
    return notes
