"""Answers as the endpoints stream them; each comment names the page that states the shape."""

from __future__ import annotations

from typing import Any

import pytest

from agents.providers.base import Reply
from tests.agents.providers.endpoint import Endpoint, Talk, ask, chunk, event, stream, whole, words

USAGE = {"prompt_tokens": 194, "completion_tokens": 2, "total_tokens": 196}


def test_openrouter(endpoint: Endpoint) -> None:
    # OpenRouter, "Streaming" (comments) and "Usage accounting" (cost in the last message).
    usage = {**USAGE, "cost": 0.00095, "cost_details": {"upstream_inference_cost": None}, "is_byok": False}
    thinking = {"role": "assistant", "content": "", "reasoning": "Hm.", "reasoning_details": [{"text": "Hm."}]}
    last = [{"index": 0, "delta": {"content": ""}, "finish_reason": "stop", "native_finish_reason": "STOP"}]
    endpoint.script = stream(
        ": OPENROUTER PROCESSING\n\n",
        ": OPENROUTER PROCESSING\n\n",
        chunk(delta=thinking),
        chunk("Hello", provider="Google"),
        chunk(choices=last),
        chunk(
            choices=[{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}], usage=usage
        ),
    )
    reply = ask(endpoint.url)
    assert (reply.text, reply.finish, reply.cost_usd) == ("Hello", "stop", 0.00095)
    assert (reply.prompt_tokens, reply.completion_tokens) == (194, 2)


def test_what_the_upstream_takes_is_part_of_openrouters_own_price(endpoint: Endpoint) -> None:
    # OpenRouter, "Usage accounting": the example of its page.
    usage = {**USAGE, "cost": 0.95, "cost_details": {"upstream_inference_cost": 19}}
    endpoint.script = stream(*words("Hello"), chunk(choices=[], usage=usage))
    assert ask(endpoint.url).cost_usd == 0.95


def test_openrouter_with_a_key_of_ones_own(endpoint: Endpoint) -> None:
    # OpenRouter, "Usage accounting": the upstream's cost is a field of its own then.
    usage = {**USAGE, "cost": 0.05, "is_byok": True, "cost_details": {"upstream_inference_cost": 1.0}}
    endpoint.script = stream(*words("Hello"), chunk(choices=[], usage=usage))
    assert ask(endpoint.url).cost_usd == pytest.approx(1.05)


def test_dashscope(endpoint: Endpoint) -> None:
    # Alibaba Cloud Model Studio, "OpenAI compatible - Chat": thoughts in reasoning_content, usage in a last chunk.
    endpoint.script = stream(
        chunk(delta={"content": None, "role": "assistant", "reasoning_content": ""}, usage=None),
        chunk(delta={"content": None, "reasoning_content": "Let me think."}, usage=None),
        chunk(delta={"content": "Hello", "reasoning_content": None}, usage=None),
        chunk("", "stop", usage=None),
        chunk(choices=[], usage={**USAGE, "completion_tokens_details": {"reasoning_tokens": 1}}),
    )
    reply = ask(endpoint.url)
    assert (reply.text, reply.finish, reply.prompt_tokens) == ("Hello", "stop", 194)


def test_anthropic(endpoint: Endpoint) -> None:
    # Anthropic, "OpenAI SDK compatibility": usage comes with the last choice; CRLF as its other streams have it.
    lines = [event(chunk("Hello", system_fingerprint=None)), event(chunk(None, "stop", usage=USAGE)), event("[DONE]")]
    endpoint.script = stream(*(line.replace("\n", "\r\n") for line in lines), done=False)
    reply = ask(endpoint.url)
    assert (reply.text, reply.completion_tokens) == ("Hello", 2)


def test_openai(endpoint: Endpoint) -> None:
    # OpenAI, "Chat completions: streaming": a role first, padding against guessing, "usage": null until the last.
    endpoint.script = stream(
        chunk(delta={"role": "assistant", "content": "", "refusal": None}, usage=None, obfuscation="x7"),
        chunk("Hello", usage=None, service_tier="default", obfuscation="9a"),
        chunk(None, "stop", usage=None),
        chunk(choices=[], usage=USAGE),
    )
    reply = ask(endpoint.url)
    assert (reply.text, reply.prompt_tokens, reply.completion_tokens) == ("Hello", 194, 2)


def test_ollama(endpoint: Endpoint) -> None:
    # Ollama, "OpenAI compatibility": thoughts in "reasoning", usage only where stream_options ask for it.
    endpoint.script = stream(
        chunk(delta={"role": "assistant", "content": "", "reasoning": "Hm."}, system_fingerprint="fp_ollama"),
        chunk(delta={"role": "assistant", "content": "Hello"}),
        chunk(delta={"role": "assistant", "content": ""}, finish="stop"),
        chunk(choices=[], usage=USAGE),
    )
    assert ask(endpoint.url).text == "Hello"


def test_vllm(endpoint: Endpoint) -> None:
    # vLLM, "OpenAI-compatible server": with continuous_usage_stats the counts grow with each chunk.
    grown = [{**USAGE, "completion_tokens": count} for count in range(4)]
    endpoint.script = stream(
        chunk(delta={"role": "assistant", "content": ""}, usage=grown[0]),
        chunk("Hel", usage=grown[1]),
        chunk("lo", usage=grown[2]),
        chunk("", "length", usage=grown[3]),
    )
    reply = ask(endpoint.url)
    assert (reply.text, reply.finish, reply.completion_tokens) == ("Hello", "length", 3)


def test_lm_studio(endpoint: Endpoint) -> None:
    # LM Studio, "OpenAI compatibility endpoints": thoughts stand in the text itself where the model writes them there.
    texts = ("<thi", "nk>\nHm, <b>", "</th", "ink>\n", "\nHello", " </think> stays")
    endpoint.script = stream(*words(*texts), chunk(choices=[], usage=USAGE, stats={}))
    assert ask(endpoint.url).text == "Hello </think> stays"


def test_mistral(endpoint: Endpoint) -> None:
    # Mistral, "Reasoning": content is a list of parts while the model thinks.
    thought: list[dict[str, Any]] = [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]
    endpoint.script = stream(chunk(delta={"content": thought}), *words("Hello"))
    assert ask(endpoint.url).text == "Hello"


@pytest.mark.parametrize(
    ("texts", "answer"),
    [
        (("<think>a</think><think>b</think>Hello",), "Hello"),
        (("  ", "<thinking>a</thinking> Hello"), "Hello"),
        (("Write <think>x</think> here",), "Write <think>x</think> here"),
        (("<", "p>Hello"), "<p>Hello"),
        (("<thi",), "<thi"),
        (("  Hello",), "  Hello"),
    ],
)
def test_only_thoughts_before_the_answer_are_taken_away(
    endpoint: Endpoint, texts: tuple[str, ...], answer: str
) -> None:
    endpoint.script = stream(*words(*texts))
    assert ask(endpoint.url).text == answer


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("stop", "stop"), ("eos", "stop"), ("end_turn", "stop"), ("STOP", "stop"), ("length", "length"),
     ("max_tokens", "length"), ("model_length", "length"), ("content_filter", "filter"), ("SAFETY", "filter"),
     ("sensitive", "filter"), ("tool_calls", "unknown"), ("something new", "unknown")],
)  # fmt: skip
def test_the_reasons_of_all_endpoints_are_known(endpoint: Endpoint, reason: str, finish: str) -> None:
    endpoint.script = stream(*words("Hello", finish=reason))
    assert ask(endpoint.url).finish == finish


@pytest.mark.parametrize(
    "usage",
    [None, [], "many", {"prompt_tokens": -1, "completion_tokens": 10**12}, {"prompt_tokens": None},
     {"prompt_tokens": "7", "completion_tokens": True, "cost": -1}, {"cost": "free"}, {"cost": True}],
)  # fmt: skip
def test_counts_that_are_none_stay_unknown(endpoint: Endpoint, usage: object) -> None:
    endpoint.script = stream(*words("Hello"), chunk(choices=[], usage=usage))
    reply = ask(endpoint.url)
    assert (reply.prompt_tokens, reply.completion_tokens, reply.cost_usd) == (None, None, None)


def answer(endpoint: Endpoint, *events: object, done: bool = True) -> Reply:
    endpoint.script = stream(*events, done=done)
    return ask(endpoint.url)


def test_a_stream_may_end_without_done_when_the_answer_has_ended(endpoint: Endpoint) -> None:
    assert answer(endpoint, *words("Hello"), done=False).finish == "stop"


def test_a_stream_may_leave_out_the_reason_when_it_says_done(endpoint: Endpoint) -> None:
    assert answer(endpoint, chunk("Hello")).finish == "unknown"


def test_done_may_lack_its_empty_line(endpoint: Endpoint) -> None:
    assert answer(endpoint, chunk("Hello"), "data: [DONE]", done=False).text == "Hello"


def test_the_last_event_may_lack_its_empty_line(endpoint: Endpoint) -> None:
    last = event(chunk(None, "stop")).removesuffix("\n\n")
    assert answer(endpoint, chunk("Hello"), last, done=False).finish == "stop"


def test_a_connection_that_breaks_after_the_reason_loses_nothing(endpoint: Endpoint) -> None:
    def script(talk: Talk) -> None:
        talk.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        data = "".join(event(one) for one in words("Hello")).encode()
        talk.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    endpoint.script = script
    assert ask(endpoint.url).text == "Hello"


@pytest.mark.parametrize("late", [{"error": {"message": "late"}}, event("oops"), "data: \xff\n\n"])
def test_an_error_after_the_reason_loses_nothing(endpoint: Endpoint, late: object) -> None:
    assert answer(endpoint, *words("<th"), late, done=False).text == "<th"


def test_an_end_that_is_never_sent_is_not_waited_for(endpoint: Endpoint) -> None:
    def script(talk: Talk) -> None:
        stream(*words("Hello"), done=False)(talk)
        talk.wait()

    endpoint.script = script
    assert ask(endpoint.url).text == "Hello"
    assert endpoint.talks[0].gone.wait(15), "the endpoint hung up first"


def test_what_comes_after_done_is_not_read(endpoint: Endpoint) -> None:
    assert (
        answer(endpoint, *words("Hello"), event("[DONE]"), chunk(" again"), {"error": {"message": "late"}}).text
        == "Hello"
    )


def test_characters_may_be_split_anywhere(endpoint: Endpoint) -> None:
    def script(talk: Talk) -> None:
        talk.head()
        data = ('data: {"choices":[{"delta":{"content":"Grüße, 世界 🙂"},"finish_reason":"stop"}]}\r\n\r\n').encode()
        for place in range(len(data)):
            talk.send(data[place : place + 1])
        talk.send(event("[DONE]"))

    endpoint.script = script
    assert ask(endpoint.url).text == "Grüße, 世界 🙂"


def test_halves_of_a_character_in_two_chunks_are_joined(endpoint: Endpoint) -> None:
    halves = (
        '{"choices":[{"delta":{"content":"\\ud83d"}}]}',
        '{"choices":[{"delta":{"content":"\\ude42 \\ud83d\\u0000"}}]}',
    )
    assert answer(endpoint, *(event(half) for half in halves)).text == "🙂 \ufffd\ufffd"


def test_chunks_without_anything_in_them_do_no_harm(endpoint: Endpoint) -> None:
    odd: list[dict[str, Any]] = [
        {}, {"choices": None}, {"choices": []}, {"choices": [None]}, {"choices": "x"}, chunk(delta=None),
        chunk(delta=[]), chunk(delta={"content": 7}), {"type": "ping"},
        {"choices": [{"delta": {"role": "assistant"}}]}, {"model": 7},
    ]  # fmt: skip
    assert answer(endpoint, *odd, *words("Hello")).text == "Hello"


def test_an_answer_that_is_not_streamed_is_taken_too(endpoint: Endpoint) -> None:
    message = {"role": "assistant", "content": "<think>Hm.</think>Hello", "reasoning_content": "Hm."}
    body = {"model": "m-1", "choices": [{"index": 0, "message": message, "finish_reason": "length"}], "usage": USAGE}
    endpoint.script = whole(body)
    reply = ask(endpoint.url)
    assert (reply.text, reply.finish, reply.prompt_tokens) == ("Hello", "length", 194)


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "text/html", "application/octet-stream"])
def test_a_stream_is_one_whatever_it_is_called(endpoint: Endpoint, kind: str) -> None:
    endpoint.script = whole("".join(event(one) for one in words("Hel", "lo")), kind=kind)
    assert ask(endpoint.url).text == "Hello"
