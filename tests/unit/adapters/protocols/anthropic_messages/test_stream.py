from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.protocols.anthropic_messages import StreamParser
from ownkey.adapters.protocols.decoding import decode_stream
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.chat import Usage
from ownkey.domain.errors import ProviderFailureError, ProviderRateLimitedError
from tests.support.adapter_folding import fold

FIXTURES = Path(__file__).parents[4] / "fixtures" / "adapters" / "anthropic_messages"
SPEC = REGISTRY["anthropic"]


def parser() -> StreamParser:
    return StreamParser(SPEC, upstream_model="asked-for", now=lambda: 1_700_000_000.5)


def chunks_of(name: str, reader: StreamParser | None = None) -> Iterator[dict[str, Any]]:
    body = (FIXTURES / f"{name}.sse").read_bytes()
    return decode_stream([body], reader or parser(), ErrorClassifier(spec=SPEC))


def folded(name: str) -> dict[str, Any]:
    [choice] = fold(chunks_of(name))
    return choice


def detail(index: int, **fields: Any) -> dict[str, Any]:
    return {**fields, "format": "anthropic-claude-v1", "provider": "anthropic", "index": index}


def test_thoughts_text_and_tools_come_out_in_openais_order() -> None:
    reader = parser()
    chunks = list(chunks_of("everything", reader))
    assert [choice["delta"] for chunk in chunks for choice in chunk["choices"]] == [
        {"role": "assistant", "content": ""},
        {"reasoning_content": "let me "},
        {"reasoning_content": "see"},
        {"reasoning_details": [detail(0, type="reasoning.text", text="let me see", signature="sig")]},
        {"content": "Looking "},
        {"content": "it up."},
        {
            "tool_calls": [
                {"index": 0, "id": "toolu_1", "type": "function", "function": {"name": "f.x", "arguments": ""}}
            ]
        },
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"a":'}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]},
        {
            "tool_calls": [
                {"index": 1, "id": "toolu_2", "type": "function", "function": {"name": "now", "arguments": ""}}
            ]
        },
        {"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]},
        {},
    ]
    assert chunks[-1] == {
        "id": "msg_1",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "claude-test",
        "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}],
    }
    assert reader.usage == Usage(
        input_tokens=15, output_tokens=30, cached_input_tokens=2, cache_write_tokens=3, reasoning_tokens=7
    )


def call(name: str, arguments: str) -> dict[str, Any]:
    return {"id": "toolu_1", "type": "function", "function": {"name": name, "arguments": arguments}}


def url_citation(url: str, title: str) -> dict[str, Any]:
    citation = {"url": url, "title": title, "start_index": 7, "end_index": 13}
    return {"type": "url_citation", "url_citation": citation}


@pytest.mark.parametrize(
    ("name", "message", "reason"),
    [
        ("refusal", {"content": "I", "refusal": "Not this."}, "content_filter"),
        ("tool-input-at-the-start", {"content": "", "tool_calls": [call("f", '{"a":1}')]}, "tool_calls"),
        ("text-at-the-start", {"content": "Hello"}, "stop"),
        ("unknown-things", {"content": "Hi!"}, "stop"),
        ("json-answer", {"content": '{"a":1}'}, "stop"),
        ("no-block-ends", {"content": "", "tool_calls": [call("f", "{}")]}, "length"),
        ("nothing-said", {"content": ""}, "stop"),
        (
            "citations",
            {
                "content": "Größe: 12 km².",
                "annotations": [url_citation("https://a.example/", "A"), url_citation("https://b.example/", "")],
            },
            "stop",
        ),
        ("no-usage", {"content": "Hi"}, "stop"),
        (
            "redacted-thinking",
            {
                "content": "Hello",
                "reasoning_details": [
                    detail(0, type="reasoning.encrypted", data="opaque"),
                    detail(1, type="reasoning.text", text="", signature="sig"),
                ],
            },
            "stop",
        ),
    ],
)
def test_an_oddity_comes_out_as_it_should(name: str, message: dict[str, Any], reason: str) -> None:
    assert folded(name) == {"message": {"role": "assistant", **message}, "finish_reason": reason}


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("overloaded", ProviderFailureError, "Overloaded"),
        ("rate-limited", ProviderRateLimitedError, "Slow down"),
        ("cut", ProviderFailureError, "broke its answer off"),
    ],
)
def test_an_answer_that_fails_after_it_began_is_an_error(name: str, error: Any, said: str) -> None:
    with pytest.raises(error, match=said):
        list(chunks_of(name))


@pytest.mark.parametrize("data", ['{"type":', "[]", "7"])
def test_what_is_no_event_is_a_failure(data: str) -> None:
    with pytest.raises(ProviderFailureError):
        parser().feed(data)


def test_an_end_without_a_beginning_is_a_failure() -> None:
    reader = parser()
    assert reader.feed('{"type":"message_stop"}') == []
    with pytest.raises(ProviderFailureError, match="empty"):
        reader.end()


def test_counts_that_come_later_replace_those_before_and_are_never_added() -> None:
    reader = parser()
    list(chunks_of("nothing-said", reader))
    assert reader.usage == Usage(input_tokens=15, output_tokens=1, cached_input_tokens=2, cache_write_tokens=3)
    silent = parser()
    list(chunks_of("no-usage", silent))
    assert silent.usage is None


def test_the_placeholder_at_the_start_is_no_count_of_an_answer_that_is_cut() -> None:
    reader = parser()
    reader.feed('{"type":"message_start","message":{"usage":{"input_tokens":9,"output_tokens":2}}}')
    assert reader.usage == Usage(input_tokens=9)


def test_the_name_of_an_event_stands_in_for_its_type() -> None:
    reader = parser()
    reader.feed('{"message":{"id":"msg_1"}}', event="message_start")
    reader.feed("{}", event="message_stop")
    assert reader.done
    assert [chunk["model"] for chunk in reader.end()] == ["asked-for"]
