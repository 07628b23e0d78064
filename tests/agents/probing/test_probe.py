"""A model is tried with the pipeline's own formats, and what it can do decides how it is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agents.errors import Stopped
from agents.probing.findings import Abilities, Check, Finding, Found, abilities_from, suited
from agents.probing.probe import Notes, ProbeCall, about, probe
from agents.providers.catalogue import ModelChoice
from tests.agents.probing.tried_model import TriedModel, cut_after, prose, tried, whole_file
from tests.agents.providers.endpoint import Endpoint, Talk, chunk, client, event, stream, whole, words

CHOICE = ModelChoice("custom", "m", max_output_tokens=8_000)
FORMATS = (Check.JSON, Check.SCHEMA, Check.FILES, Check.EDITS)


class Protocol:
    """What was found and asked."""

    def __init__(self, endpoint: Endpoint, choice: ModelChoice = CHOICE, **more: Any) -> None:
        self.findings: dict[Check, Finding] = {}
        self._calls: dict[str, ProbeCall] = {}
        self.error: type[Exception] | None = None
        stop = more.pop("stop", lambda: False)
        probe(client(endpoint.url, seconds=20), choice, Notes(self.note, self.called), stop=stop, **more)

    def note(self, finding: Finding) -> None:
        assert finding.check not in self.findings, "each check is told once"
        assert 10 < len(finding.reason) < 260
        assert "\n" not in finding.reason
        self.findings[finding.check] = finding

    def called(self, call: ProbeCall) -> None:
        assert (call.outcome == "in flight") == (call.id not in self._calls), "each call is told before it is made"
        self._calls[call.id] = call

    @property
    def calls(self) -> list[ProbeCall]:
        return list(self._calls.values())

    def found(self, check: Check) -> Found:
        return self.findings[check].found

    @property
    def abilities(self) -> Abilities:
        return abilities_from(self.findings.values())


def test_a_good_model_passes_every_check(endpoint: Endpoint) -> None:
    model = tried(endpoint)
    model.models = [{"id": "m", "context_length": 131_072, "pricing": {"prompt": "0.000001", "completion": "0.000002"}}]
    seen = Protocol(endpoint)
    assert {seen.found(check) for check in (*FORMATS, Check.ANSWERS, Check.OUTPUT)} == {Found.YES}
    assert seen.findings[Check.CONTEXT].number == 131_072
    assert "$1 and $2 for a million tokens" in seen.findings[Check.PRICE].reason
    assert [call.outcome for call in seen.calls] == ["ok"] * 5
    assert seen.abilities == Abilities(json_schema=True, edits=True, context_tokens=131_072)
    assert sum(call.spent.completion for call in seen.calls) == 250
    # The long answer is allowed as much as the model is set down for, so that an endpoint can name its own limit.
    assert [body["max_tokens"] for body in model.asked] == [2_000] * 4 + [8_000]
    assert ["response_format" in body for body in model.asked] == [False, True, False, False, False]


def broken_off(talk: Talk) -> None:
    talk.head()
    talk.send(event(chunk("The conn")))


def losing(endpoint: Endpoint, times: int) -> None:
    """Have the endpoint lose the connection in the middle of an answer about files."""
    answers = iter([broken_off] * times)
    good = TriedModel().answers["files"]
    tried(endpoint, files=lambda text, nonce: next(answers, None) or good(text, nonce))


def test_a_connection_that_is_lost_once_says_nothing_of_the_model(endpoint: Endpoint) -> None:
    losing(endpoint, 1)
    seen = Protocol(endpoint)
    assert {seen.found(check) for check in (*FORMATS, Check.ANSWERS, Check.OUTPUT)} == {Found.YES}
    assert [call.outcome for call in seen.calls] == ["ok", "ok", "ProviderError", "ok", "ok", "ok"]


def test_a_connection_that_is_lost_twice_ends_the_test(endpoint: Endpoint) -> None:
    losing(endpoint, 2)
    seen = Protocol(endpoint)
    assert [seen.found(check) for check in (Check.SCHEMA, Check.FILES, Check.EDITS)] == [
        Found.YES, Found.UNKNOWN, Found.UNKNOWN,
    ]  # fmt: skip
    assert "broke before its answer was whole" in seen.findings[Check.FILES].reason
    assert [call.outcome for call in seen.calls] == ["ok", "ok", "ProviderError", "ProviderError"]


LIMITS = {
    "openai": (
        {"x_ratelimit_limit_requests": "60", "x_ratelimit_remaining_requests": "59",
         "x_ratelimit_limit_tokens": "150000", "x_ratelimit_remaining_tokens": "149984"},
        "60 requests, 59 left; 150,000 tokens, 149,984 left",
    ),
    "openrouter": ({"X_RateLimit_Limit": "20", "X_RateLimit_Remaining": "19"}, "20 requests, 19 left"),
    "anthropic": (
        {"anthropic_ratelimit_requests_limit": "50", "anthropic_ratelimit_tokens_limit": "30000"},
        "50 requests; 30,000 tokens",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("headers", "words"), LIMITS.values(), ids=LIMITS.keys())
def test_limits_that_headers_name_are_told(endpoint: Endpoint, headers: dict[str, str], words: str) -> None:
    tried(endpoint).headers = headers
    assert Protocol(endpoint).findings[Check.LIMITS].reason == f"Its headers say: {words}."


@pytest.mark.parametrize("value", ["", "many", "-1", "1e9", "9" * 20])
def test_limits_that_are_none_stay_unknown(endpoint: Endpoint, value: str) -> None:
    tried(endpoint).headers = {"x_ratelimit_limit_requests": value}
    assert Protocol(endpoint).found(Check.LIMITS) is Found.UNKNOWN


def test_a_model_that_fails_at_edits_is_asked_for_whole_files(endpoint: Endpoint) -> None:
    tried(endpoint, edits=whole_file)
    seen = Protocol(endpoint)
    assert seen.found(Check.EDITS) is Found.NO
    assert "came back whole" in seen.findings[Check.EDITS].reason
    assert suited(CHOICE, seen.abilities).whole_files
    assert not suited(CHOICE, Abilities(edits=True)).whole_files


EDITS = {
    "not unique": "<<<SEARCH {n}>>>\n    total = 0\n<<<REPLACE {n}>>>\n    total = 0.5",
    "not there": "<<<SEARCH {n}>>>\ndef weigh(items):\n<<<REPLACE {n}>>>\ndef weigh(things):",
    "not as asked": "<<<SEARCH {n}>>>\n    return net(items) * 1.19\n<<<REPLACE {n}>>>\n    return net(items) * 1.2",
    "no python": "<<<SEARCH {n}>>>\ndef gross(items):\n<<<REPLACE {n}>>>\ndef gross(items, rate=1.19:",
    "no replacement": "<<<SEARCH {n}>>>\ndef gross(items):",
}


@pytest.mark.parametrize("parts", EDITS.values(), ids=EDITS.keys())
def test_edits_must_fit_and_do_what_was_asked(endpoint: Endpoint, parts: str) -> None:
    tried(endpoint, edits=lambda _, n: f"<<<EDIT {n} prices.py>>>\n{parts.format(n=n)}\n<<<END {n} prices.py>>>")
    assert Protocol(endpoint).found(Check.EDITS) is Found.NO


FILES = {
    "fence around all": "<<<FILE {n} a.md>>>\n# A\n<<<END {n} a.md>>>",
    "one missing": "<<<FILE {n} greeter/__init__.py>>>\n<<<END {n} greeter/__init__.py>>>",
    "no end": "<<<FILE {n} greeter/__init__.py>>>\n<<<END {n}>>>\n<<<FILE {n} README.md>>>\n# Greeter",
    "other words": "```markdown\n# Greeter\n```",
    "something in the empty one": "<<<FILE {n} greeter/__init__.py>>>\npass\n<<<END {n}>>>\n"
    "<<<FILE {n} README.md>>>\n# Greeter\n<<<END {n}>>>",
}


@pytest.mark.parametrize("reply", FILES.values(), ids=FILES.keys())
def test_files_must_come_back_exactly(endpoint: Endpoint, reply: str) -> None:
    tried(endpoint, files=lambda _, n: reply.format(n=n))
    seen = Protocol(endpoint)
    assert seen.found(Check.FILES) is Found.NO
    assert [call.outcome for call in seen.calls].count("malformed") == 1


def test_a_schema_that_is_taken_but_not_kept_to_is_not_used(endpoint: Endpoint) -> None:
    tried(endpoint, schema=prose)
    seen = Protocol(endpoint)
    assert (seen.found(Check.JSON), seen.found(Check.SCHEMA)) == (Found.YES, Found.NO)
    assert not suited(replace(CHOICE, json_schema=True), seen.abilities).json_schema


def test_a_schema_that_is_refused_is_not_used(endpoint: Endpoint) -> None:
    # Answered as JSON all the same, so only the refusal tells.
    model = tried(endpoint)
    refusal = {"error": {"message": "response_format is not supported", "type": "invalid_request_error"}}

    def script(talk: Talk) -> None:
        (whole(refusal, 400) if "response_format" in talk.body else model)(talk)

    endpoint.script = script
    seen = Protocol(endpoint)
    assert seen.found(Check.SCHEMA) is Found.NO
    assert "takes no JSON schema" in seen.findings[Check.SCHEMA].reason


def test_a_schema_is_used_where_it_held(endpoint: Endpoint) -> None:
    tried(endpoint)
    assert suited(CHOICE, Protocol(endpoint).abilities).json_schema


def test_the_limit_where_an_answer_was_really_cut_counts(endpoint: Endpoint) -> None:
    tried(endpoint, output=cut_after(50))
    seen = Protocol(endpoint)
    assert (seen.found(Check.OUTPUT), seen.findings[Check.OUTPUT].number) == (Found.NO, 50)
    assert suited(CHOICE, seen.abilities).max_output_tokens == 50


def test_the_limit_that_a_refusal_names_counts(endpoint: Endpoint) -> None:
    model = tried(endpoint)
    refusal = {"error": {"message": "This model supports at most 4096 completion tokens", "type": "invalid"}}

    def script(talk: Talk) -> None:
        (whole(refusal, 400) if talk.body.get("max_tokens", 0) > 4096 else model)(talk)

    endpoint.script = script
    seen = Protocol(endpoint)
    assert seen.findings[Check.OUTPUT].number == 4096
    assert suited(CHOICE, seen.abilities).max_output_tokens == 4096


def test_a_longer_answer_is_asked_for_on_request(endpoint: Endpoint) -> None:
    tried(endpoint, output=cut_after(1_000))
    assert Protocol(endpoint, output_tokens=4_000).abilities.max_output_tokens == 1_000


def test_a_model_that_never_ends_is_not_paid_for_long(endpoint: Endpoint) -> None:
    def endless(talk: Talk) -> None:
        talk.head()
        try:
            while not talk.over.is_set():
                stream(chunk("7\n" * 100), done=False)(talk)
        except OSError:
            talk.gone.set()

    tried(endpoint, output=lambda *_: endless)
    seen = Protocol(endpoint)
    assert seen.found(Check.OUTPUT) is Found.UNKNOWN
    # It was hung up on by the test itself, long before the client's own limit.
    assert seen.calls[-1].outcome == "malformed"


@pytest.mark.parametrize("text", ["1\n2\n3\n…\n100", "1, 2, 3"])
def test_a_model_that_leaves_lines_out_shows_no_limit(endpoint: Endpoint, text: str) -> None:
    tried(endpoint, output=lambda *_: text)
    seen = Protocol(endpoint)
    assert seen.found(Check.OUTPUT) is Found.UNKNOWN
    assert seen.abilities.max_output_tokens is None


@pytest.mark.parametrize(("status", "words"), [(401, "take the key"), (402, "payment"), (429, "too many requests")])
def test_an_endpoint_that_refuses_is_asked_once_and_says_why(endpoint: Endpoint, status: int, words: str) -> None:
    endpoint.script = whole({"error": {"message": "no"}}, status)
    seen = Protocol(endpoint)
    assert seen.found(Check.ANSWERS) is Found.NO
    assert words in seen.findings[Check.ANSWERS].reason
    assert len(seen.calls) == 1
    assert {seen.found(check) for check in FORMATS} == {Found.UNKNOWN}
    assert seen.abilities == Abilities()


def test_one_call_that_fails_leaves_its_check_open(endpoint: Endpoint) -> None:
    tried(endpoint, edits=lambda *_: whole({}, 500))
    seen = Protocol(endpoint)
    assert (seen.found(Check.EDITS), seen.found(Check.OUTPUT)) == (Found.UNKNOWN, Found.YES)
    assert seen.abilities.edits is None


def test_credit_that_ends_in_the_middle_ends_the_test(endpoint: Endpoint) -> None:
    tried(endpoint, files=lambda *_: whole({}, 402))
    seen = Protocol(endpoint)
    assert (seen.found(Check.JSON), seen.found(Check.FILES), seen.found(Check.OUTPUT)) == (
        Found.YES, Found.UNKNOWN, Found.UNKNOWN,
    )  # fmt: skip
    assert len(seen.calls) == 3


def test_an_endpoint_without_a_list_is_tried_all_the_same(endpoint: Endpoint) -> None:
    tried(endpoint).models = None
    seen = Protocol(endpoint)
    assert (seen.found(Check.ANSWERS), seen.found(Check.CONTEXT), seen.found(Check.PRICE)) == (
        Found.YES, Found.UNKNOWN, Found.UNKNOWN,
    )  # fmt: skip


def test_a_key_alone_is_tried_with_the_list_and_costs_nothing(endpoint: Endpoint) -> None:
    model = tried(endpoint)
    seen = Protocol(endpoint, ModelChoice("openai", ""))
    assert seen.found(Check.ANSWERS) is Found.YES
    assert model.asked == []
    endpoint.script = whole({}, 401)
    assert Protocol(endpoint, ModelChoice("openai", "")).found(Check.ANSWERS) is Found.NO


def test_a_stop_ends_the_test(endpoint: Endpoint) -> None:
    model = tried(endpoint, json=lambda *_: Talk.wait)
    with pytest.raises(Stopped):
        Protocol(endpoint, stop=lambda: bool(model.asked))


def test_a_model_that_thinks_first_passes(endpoint: Endpoint) -> None:
    def thinking(text: str, nonce: str) -> Any:
        return stream(chunk(delta={"reasoning_content": "Hm. " * 2_000}), *words(whole_file(text, nonce)))

    tried(endpoint, edits=thinking)
    assert Protocol(endpoint).found(Check.OUTPUT) is Found.YES


def test_what_a_test_takes_is_said_before() -> None:
    prompt, answer, cost = about(ModelChoice("p", "m", prompt_price=1.0, completion_price=5.0))
    assert 500 < prompt < 1_500
    assert 500 < answer < 1_200
    assert cost == pytest.approx((prompt + 5 * answer) / 1_000_000)
    assert about(CHOICE)[2] is None
    assert about(CHOICE, 4_000)[1] - about(CHOICE, 400)[1] == 3_600


def test_limits_only_ever_shrink_what_is_set_down() -> None:
    found = Abilities(max_output_tokens=100_000, context_tokens=1_000_000)
    assert suited(CHOICE, found) == CHOICE
    small = suited(CHOICE, Abilities(context_tokens=4_096))
    assert (small.context_tokens, small.max_output_tokens) == (4_096, 3_096)
