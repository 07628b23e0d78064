"""What the offline provider cannot write, found in a description before anything else is read."""

from __future__ import annotations

import re

from agents.errors import NotUnderstood
from agents.providers.offline.blueprints import BLUEPRINTS
from agents.providers.offline.blueprints.stacks import STACKS
from agents.types import ProjectType

_KINDS = {
    ProjectType.REST_API: "a REST API that stores things",
    ProjectType.CLI_TOOL: "a command-line tool for CSV and JSON files",
    ProjectType.DATA_PROCESSOR: "a data processor that writes a report",
    ProjectType.WEB_PAGE: "a static web page",
}

_NEGATED = re.compile(r"\b(?:no|without|without any|not need|skip|except)\s+(?:\w+\s+(?:or|and)\s+)?$")
_API_FEATURES: tuple[tuple[str, str], ...] = (
    (
        "authentication",
        r"authenticat\w*|authoriz\w*|authoris\w*|log[- ]?in|logged[- ]in|sign[- ]?(?:in|up)|jwt|oauth2?|"
        r"passwords?|api keys?|sessions?|user accounts?|role[- ]based|permissions?|access control",
    ),
    ("GraphQL, gRPC or SOAP", r"graphql|grpc|soap"),
    ("live connections", r"web ?sockets?|real[- ]?time|server[- ]sent events?|streaming|push notifications?"),
    (
        "a database other than SQLite",
        r"postgres(?:ql)?|mysql|mariadb|mongo(?:db)?|redis|dynamodb|cassandra|firebase|oracle|"
        r"sql server|elasticsearch|supabase",
    ),
    ("uploading files", r"uploads?|uploading|file storage|attachments?"),
    (
        "sending messages",
        r"send(?:s|ing)? (?:an? )?(?:e-?mails?|sms|notifications?)|notifications?|newsletters?|webhooks?",
    ),
    ("payments", r"stripe|paypal|checkout|credit cards?"),
    (
        "machine learning",
        r"machine learning|neural|\bai\b|gpt|llm|classif(?:y|ies|ier)|recommend(?:s|ations?|er)|predicts?|"
        r"prediction|sentiment",
    ),
    (
        "calling other services",
        r"openweather\w*|scrap(?:es?|ing)|crawl\w*|third[- ]party|external apis?|live data|"
        r"google \w+|twitter|slack|telegram|discord",
    ),
    ("background work", r"background jobs?|celery|cron|schedul(?:ed|er|ing)|queues?|kafka|rabbitmq"),
    ("rate limits or caches", r"rate[- ]limit\w*|throttl\w*|cach(?:e|es|ing)"),
    ("exports and imports", r"exports?|exporting|imports?|importing|pdfs?|excel|csv|xml"),
    (
        "figures over the stored data",
        r"statistics|analytics|dashboard|aggregat\w*|leaderboard|ranking|charts?|reports?",
    ),
    ("deployment", r"kubernetes|terraform|aws|azure|google cloud|microservices?"),
    ("many-to-many relations", r"many[- ]to[- ]many"),
    ("soft deletion or history", r"soft[- ]delet\w*|audit (?:log|trail)s?|versioning|undo"),
    ("a page for browsers", r"front[- ]?end|user interface|\bui\b|\bgui\b|admin panel"),
    (
        "more than storing and listing",
        r"shorten\w*|calculat\w*|translat\w*|convert\w*|encrypt\w*|random\w*|generat(?:es|or|ing)|"
        r"simulat\w*|proxy|proxies|gateway|chat\w*|nearest|geocod\w*",
    ),
)
_TABLE_FORMATS = re.compile(r"\b(?:csvs?|tsvs?|json|comma[- ]separated|delimited)\b")
_REPORT_FORMATS = re.compile(r"\b(?:html|markdown)\b")
_OTHER_FORMATS = re.compile(
    r"\b(xml|yaml|toml|pdfs?|excel|xlsx?|parquet|avro|images?|photos?|videos?|audio|mp3|docx?|"
    r"word documents?|zip|sqlite|"
    r"sql|databases?|urls?|github|network|http|send(?:s|ing)?|downloads?|passwords?|duplicate files|rename|"
    r"merg(?:es?|ing)|joins?|joining|combin(?:es?|ing)|concatenat\w*|"
    r"dedup\w*|(?:remov\w*|find\w*) duplicates?|validat\w*|split(?:s|ting)?|diffs?|compar(?:es?|ing)|charts?|plots?|"
    r"graphs?|histograms?|encrypt\w*|cleans|cleaning|watch(?:es|ing)|serves?|"
    r"web server|jsonl|ndjson|json lines|spreadsheets?|scrap(?:es?|er|ing)|crawl\w*|renam(?:es?|ing)|"
    r"manag(?:es?|ing|er)|to-?dos?|(?:contact|address|phone) ?book|percentiles?|quantiles?|quartiles?|correlat\w*|"
    r"anomal(?:y|ies)|outliers?|trends?|variance|predict\w*|forecast\w*|replac(?:es?|ing)|"
    r"pretty[- ]?print\w*|viewer|last \d+|bottom \d+|longest|shortest|add(?:s|ing)? (?!up)\w+|interactive\w*|"
    r"fill(?:s|ing)|missing values|impute\w*|shuffl\w*|random\w*|transpos\w*|encod\w*|colou?red|email(?:s|ed|ing))\b"
)


_COLUMN_NAMES = re.compile(
    r"\b(?:by|per|for each|of each|columns?(?: (?:called|named))?) (?:the |their |its )?\w+(?=[ ,.;:)]|$)"
    r"|'[^']*'|\"[^\"]*\""
)
"""Words that name a column of a file may be any ('sort by email', 'group by last url')."""
_FILE_VERB = re.compile(
    r"(?:\b(?:that|which|who)(?: can| will| should)?|\b(?:cli|tool|utility|script|program|app|application) to)\s+"
    r"(?P<verb>[a-z-]+)"
)
_FILE_VERBS = re.compile(
    r"(?:is|are|can|lets?|allows?|helps?|us(?:es?|ing)|works?|takes?|accepts?|handles?|supports?|has|have|gives?|gets?|"
    r"process\w*|reads?|loads?|pars\w*|writes?|prints?|shows?|displays?|outputs?|produces?|creates?|makes?|generates?|"
    r"builds?|comput\w*|calculat\w*|filter\w*|selects?|cho+ses?|picks?|extracts?|keeps?|drops?|removes?|excludes?|"
    r"sorts?|orders?|ranks?|group\w*|aggregat\w*|pivots?|counts?|sums?|averages?|totals?|summari[sz]\w*|describes?|"
    r"analy[sz]\w*|profiles?|converts?|transforms?|translates?|turns?|quer(?:y|ies)|search\w*|finds?|lists?|reports?|"
    r"returns?|explor\w*|inspect\w*|tells?|slices?|match(?:es)?|looks?|breaks|saves?|stores?|exports?|imports?|"
    r"contains?|holds?|were|was|do|does|not|only|also|then|both|first)"
)


def refusal(cause: str) -> NotUnderstood:
    """The error for a person: the cause, and what can be had instead."""
    kinds = [f"{words} (in {_languages(kind)})" for kind, words in _KINDS.items()]
    known = f"{', '.join(kinds[:-1])}, and {kinds[-1]}"
    return NotUnderstood(
        f"{cause} The offline provider knows these kinds of application: {known}; add a key for anything else."
    )


def _languages(kind: ProjectType) -> str:
    """The languages in which this kind of application can be written, as words."""
    *first, last = [stack.label for stack in STACKS if (kind, stack.key) in BLUEPRINTS]
    return f"{', '.join(first)} or {last}" if first else last


def check_api_features(text: str) -> None:
    """Raise NotUnderstood for a feature that the blueprint lacks, unless it is declined ('no login')."""
    for label, pattern in _API_FEATURES:
        for found in re.finditer(rf"\b(?:{pattern})\b", text):
            if not _NEGATED.search(text[: found.start()]):
                raise refusal(
                    f"The description asks for {label} ('{found.group()}'), which it cannot write into an API."
                )


def check_files(text: str, kind: str, *, named: bool) -> None:
    """Raise NotUnderstood for a tool that works on another format, or (``named``) that names neither CSV nor JSON."""
    other = _REPORT_FORMATS.search(text) if named else None
    other = other or _OTHER_FORMATS.search(_COLUMN_NAMES.sub(" ", text))
    if other:
        raise refusal(f"The description asks for '{other.group()}', which its {kind} cannot work with.")
    unknown = next((m.group("verb") for m in _FILE_VERB.finditer(text) if not _FILE_VERBS.fullmatch(m["verb"])), "")
    if unknown:
        raise refusal(f"The description asks for something that '{unknown[:30]}', which its {kind} does not do.")
    if named and not _TABLE_FORMATS.search(text):
        raise refusal(
            f"A {kind} of the offline provider works on CSV or JSON files, and the description names neither."
        )
