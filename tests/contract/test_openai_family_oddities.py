"""Every way in which hosts of OpenAI's format are known to depart from it on the wire, one small stream each."""

from pathlib import Path
from typing import Any

import pytest

from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.protocols.openai_chat import StreamParser, decode_stream
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.chat import Usage
from ownkey.domain.errors import ProviderFailureError, ProviderRequestError, UpstreamError
from tests.support.adapter_folding import fold

FIXTURES = Path(__file__).parents[1] / "fixtures" / "adapters"

SPEC = REGISTRY["groq"]
HELLO = {"content": "Hello"}
OSLO = '{"city":"Oslo"}'
WEATHER = ("call_1", "weather", OSLO)
TIME = ("call_2", "time", OSLO)

ANSWERS: dict[str, tuple[dict[str, Any], str]] = {
    "azure-first-chunk": (HELLO, "stop"),
    "content-after-finish": (HELLO, "stop"),
    "crlf": (HELLO, "stop"),
    "error-after-the-finish": (HELLO, "length"),
    "finish-reason-of-its-own": (HELLO, "stop"),
    "finish-with-content": (HELLO, "stop"),
    "groq-usage-in-x-groq-only": (HELLO, "stop"),
    "groq-usage-twice": (HELLO, "stop"),
    "no-done": (HELLO, "stop"),
    "no-final-blank-line": (HELLO, "stop"),
    "no-finish-reason": (HELLO, "stop"),
    "no-role-and-no-object": (HELLO, "stop"),
    "openai-usage-chunk": (HELLO, "stop"),
    "openrouter-comments": (
        {
            "content": "Hello",
            "reasoning_content": "Hm",
            "reasoning_details": [{"type": "reasoning.text", "text": "Hm", "index": 0}],
        },
        "stop",
    ),
    "reasoning-in-both-fields": ({"content": "Hello", "reasoning_content": "Hm"}, "stop"),
    "usage-on-every-chunk": (HELLO, "stop"),
    "usage-then-nothing": (HELLO, "stop"),
}
"""Fixture -> message and finish reason."""

CALLS: dict[str, tuple[tuple[str | None, str, str], ...]] = {
    "tool-call-id-empty": (WEATHER,),
    "tool-call-id-repeated": (WEATHER,),
    "tool-call-in-fragments": (WEATHER,),
    "tool-call-in-one-delta": (WEATHER,),
    "tool-call-name-late": (WEATHER,),
    "tool-call-said-to-be-a-stop": (WEATHER,),
    "tool-call-with-the-finish": (WEATHER,),
    "tool-call-without-arguments": (("call_1", "weather", "{}"),),
    "tool-calls-in-one-delta": (WEATHER, TIME),
    "tool-calls-interleaved": (WEATHER, TIME),
    "tool-calls-without-ids": ((None, "weather", OSLO), (None, "time", OSLO)),
    "tool-calls-of-one-tool-without-ids": ((None, "weather", OSLO), (None, "weather", '{"city":"Rome"}')),
    "tool-index-missing": (WEATHER, TIME),
    "tool-index-null": (WEATHER, TIME),
    "tool-index-reused": (WEATHER, TIME),
    "tool-index-starts-at-one": (WEATHER, TIME),
}
"""Fixture -> id (None: one of ours), name and arguments of each call."""

FAILURES: dict[str, tuple[type[UpstreamError], str]] = {
    "cut": (ProviderFailureError, "in the middle"),
    "cut-inside-an-event": (ProviderFailureError, "in the middle"),
    "error-event": (ProviderRequestError, "Tool call validation failed"),
    "error-in-stream": (ProviderFailureError, "the engine stopped"),
}
"""Fixture -> the error, and a piece of its message."""

USAGE = Usage(input_tokens=9, output_tokens=4)


def read(name: str, *, piece: int | None = None, choices: int = 1) -> tuple[list[dict[str, Any]], StreamParser]:
    body = (FIXTURES / f"{name}.sse").read_bytes()
    parser = StreamParser(SPEC, choices=choices)
    size = piece or len(body)
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return list(decode_stream(pieces, parser, ErrorClassifier(spec=SPEC))), parser


def test_every_fixture_is_expected_to_come_to_something() -> None:
    assert {path.stem for path in FIXTURES.glob("*.sse")} == {*ANSWERS, *CALLS, *FAILURES, "several-choices"}


@pytest.mark.parametrize("piece", [None, 1, 7])
@pytest.mark.parametrize("name", ANSWERS)
def test_text_comes_out_as_it_was_meant(name: str, piece: int | None) -> None:
    message, finish = ANSWERS[name]

    chunks, parser = read(name, piece=piece)

    assert fold(chunks) == [{"message": {"role": "assistant", **message}, "finish_reason": finish}]
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks].count(None) == len(chunks) - 1
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert parser.usage is not None
    assert (parser.usage.input_tokens, parser.usage.output_tokens) == (9, 4)


@pytest.mark.parametrize("piece", [None, 1, 7])
@pytest.mark.parametrize("name", CALLS)
def test_tool_calls_come_out_as_they_were_meant(name: str, piece: int | None) -> None:
    chunks, parser = read(name, piece=piece)

    (choice,) = fold(chunks)
    calls = choice["message"]["tool_calls"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    assert [(call["function"]["name"], call["function"]["arguments"]) for call in calls] == [
        (name, arguments) for _, name, arguments in CALLS[name]
    ]
    assert all(call["type"] == "function" for call in calls)
    expected = [call_id for call_id, _, _ in CALLS[name]]
    assert all(call["id"] == wanted for call, wanted in zip(calls, expected, strict=True) if wanted)
    assert len({call["id"] for call in calls if call["id"]}) == len(calls)
    assert parser.usage == USAGE


@pytest.mark.parametrize("name", CALLS)
def test_a_tool_call_starts_with_its_name_and_goes_on_with_arguments_only(name: str) -> None:
    chunks, _ = read(name)

    started: set[int] = set()
    for chunk in chunks:
        entries = chunk["choices"][0]["delta"].get("tool_calls", [])
        assert len(entries) <= 1
        for entry in entries:
            if entry["index"] in started:
                assert set(entry) == {"index", "function"}
                assert set(entry["function"]) == {"arguments"}
                assert entry["function"]["arguments"]
            else:
                assert entry["index"] == len(started)
                assert entry["function"]["arguments"] == ""
                started.add(entry["index"])


@pytest.mark.parametrize("piece", [None, 1])
@pytest.mark.parametrize("name", FAILURES)
def test_failures_come_out_as_errors(name: str, piece: int | None) -> None:
    kind, said = FAILURES[name]

    with pytest.raises(kind, match=said) as caught:
        read(name, piece=piece)

    assert type(caught.value) is kind


def test_choices_are_kept_apart() -> None:
    chunks, parser = read("several-choices", choices=2)

    assert fold(chunks) == [
        {"message": {"role": "assistant", "content": "Hello"}, "finish_reason": "length"},
        {"message": {"role": "assistant", "content": "Good day"}, "finish_reason": "stop"},
    ]
    assert parser.usage == USAGE
