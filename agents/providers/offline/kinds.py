"""Decides what kind of application a description asks for, by the head of its first noun phrase."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agents.providers.offline.refusals import refusal
from agents.types import ProjectType

_KINDS: tuple[tuple[ProjectType | None, str], ...] = (
    (
        ProjectType.REST_API,
        r"(?:(?:rest(?:ful)?|web|http|json|crud|fastapi)[- ]+)*(?:apis?|endpoints?|web ?services?|backend)"
        r"(?:\s+(?:services?|servers?|backend|endpoints?|application|app))?"
        r"|(?:rest(?:ful)?|crud|fastapi|micro)[- ]*(?:web )?(?:services?|servers?|backend|application|app)",
    ),
    (
        ProjectType.CLI_TOOL,
        r"(?:cli|command[- ]?line|terminal|console)(?:[- ]+(?:tool|utility|program|application|app|"
        r"interface|script|command))?"
        r"|scripts?|(?:csv|json) (?:tool|utility|converter)|tool|utility|converter",
    ),
    (
        ProjectType.WEB_PAGE,
        r"(?:landing|home|web|html|static|one|single|portfolio|product|event|"
        r"personal)[- ]*(?:web[- ]?)?(?:page|site)s?"
        r"|static (?:web ?)?(?:page|site)s?|web ?sites?|homepage|portfolio|documentation (?:page|site)|page",
    ),
    (
        ProjectType.DATA_PROCESSOR,
        r"data[- ](?:processor|processing(?: (?:tool|pipeline|program|script))?|pipeline|analy[sz]er|"
        r"analysis(?: tool)?|summary)"
        r"|(?:csv|json|log|sales|data)[- ](?:processor|analy[sz]er|summari[sz]er)"
        r"|reports?(?: generator| tool)?|analy[sz]er|analysis(?: tool)?|summar(?:y|i[sz]er)(?: tool)?",
    ),
    (
        None,
        r"(?:android|ios|iphone|mobile|desktop|web|windows|mac(?:os)?|gui|qt|electron|flutter)[- ]+"
        r"(?:\w+[- ]+)?(?:app|application|client|program)s?"
        r"|(?:\w+ )?games?|compilers?|interpreters?|parsers?|operating systems?|kernels?|drivers?|(?:chat)?bots?"
        r"|(?:browser )?(?:extensions?|plugins?|add-?ons?)|librar(?:y|ies) for (?:python|go|golang|node|developers)|"
        r"(?:python|go|golang|node|npm|javascript|typescript) (?:package|library|module)"
        r"|scrapers?|crawlers?|(?:neural|language|deep|machine)[- ](?:networks?|models?|learning)|"
        r"blockchains?|smart contracts?"
        r"|dashboards?|spreadsheets?|emulators?|shaders?|firmware|poems?|essays?|single[- ]page app\w*|spa",
    ),
)
_PATTERN = re.compile("|".join(rf"(?P<k{index}>\b(?:{pattern})\b)" for index, (_, pattern) in enumerate(_KINDS)))
_COMPOUND_GAP = re.compile(r"^[\s-]*(?:\w+[\s-]+){0,2}$")
_BREAKS = frozenset(
    re.findall(
        r"\w+",
        "for with that which who to of from in on about using and or by where having including as is are a an "
        "the into reading "
        "processes reads converts returns stores manages",
    )
)
_REPORT = re.compile(r"\b(?:html|markdown)\s+(?:report|summary|page)|\breports? (?:as|in) (?:an? )?(?:html|markdown)")
"""A tool that writes such a report is a data processor."""
_VERB_KINDS = re.compile(r"^(?:please )?(?:analy[sz]e|summari[sz]e|report on)\b")


@dataclass(frozen=True, slots=True)
class Kind:
    """The kind of application and where its phrase stands in the text (offsets of characters)."""

    project_type: ProjectType
    start: int
    end: int


def names_kind(text: str) -> bool:
    """Whether a lower-case text names any kind of application, known or not."""
    return bool(_VERB_KINDS.search(text) or _PATTERN.search(text))


def only_kind(text: str) -> bool:
    """Whether a lower-case text says nothing but a kind."""
    return _PATTERN.fullmatch(text) is not None


def decide(text: str) -> Kind:
    """The kind that a lower-case description asks for; raises NotUnderstood when it names none that is known.

    The first kind named counts, or the last of a compound: 'report API' is an API.
    """
    if _VERB_KINDS.search(text):
        return Kind(ProjectType.DATA_PROCESSOR, 0, 0)
    matches = list(_PATTERN.finditer(text))
    if not matches:
        raise refusal("The description does not say which kind of application to write.")
    head = matches[0]
    for following in matches[1:]:
        if not _one_compound(text[head.end() : following.start()]):
            break
        head = following
    project_type = _KINDS[int((head.lastgroup or "k0")[1:])][0]
    if project_type is None:
        raise refusal(f"The description asks for '{head.group()}', which is not one of them.")
    if project_type is ProjectType.CLI_TOOL and _REPORT.search(text):
        project_type = ProjectType.DATA_PROCESSOR
    return Kind(project_type, head.start(), head.end())


def _one_compound(gap: str) -> bool:
    """Whether two kind phrases belong to one noun phrase: nothing between them but up to two plain words."""
    return bool(_COMPOUND_GAP.match(gap)) and not _BREAKS & set(gap.split())
