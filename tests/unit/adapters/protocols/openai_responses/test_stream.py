import json
from itertools import zip_longest
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ownkey.adapters.protocols.openai_responses import StreamParser, parse_completion
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.errors import ProviderFailureError
from tests.support.adapter_folding import fold

SPEC = REGISTRY["openai-responses"]
CREATED = {"type": "response.created", "response": {"id": "resp_1", "created_at": 7, "model": "m-1"}}
ADDED = {"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "content": []}}


def test_nothing_is_said_before_the_first_item() -> None:
    parser = StreamParser(SPEC)

    assert parser.take(CREATED) == []
    (first,) = parser.take(ADDED)
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert (first["id"], first["created"], first["model"]) == ("resp_1", 7, "m-1")


def test_an_answer_without_an_identity_gets_one() -> None:
    parser = StreamParser(SPEC, upstream_model="asked-for", now=lambda: 5.0)

    (first,) = parser.take(ADDED)

    assert first["id"].startswith("chatcmpl-")
    assert (first["created"], first["model"]) == (5, "asked-for")


@pytest.mark.parametrize("data", ["", "  ", "[DONE]"])
def test_empty_events_and_end_marks_say_nothing(data: str) -> None:
    parser = StreamParser(SPEC)

    assert parser.feed(data) == []
    assert not parser.done
    with pytest.raises(ProviderFailureError, match="in the middle"):
        parser.end()


@pytest.mark.parametrize(
    ("data", "said"), [('{"type":', "in the middle"), ("[]", "not a JSON object"), ("nan", "in the middle")]
)
def test_what_is_no_event_is_a_failure(data: str, said: str) -> None:
    with pytest.raises(ProviderFailureError, match=said):
        StreamParser(SPEC).feed(data)


def test_the_name_of_an_event_stands_in_for_its_type() -> None:
    parser = StreamParser(SPEC)

    parser.feed(json.dumps({"response": {"output": []}}), event="response.completed")

    assert parser.done
    assert parser.complete


def test_what_comes_after_the_end_is_not_read() -> None:
    parser = StreamParser(SPEC)
    parser.take({"type": "response.completed", "response": {"output": []}})

    assert parser.feed('{"type":"error","message":"late"}') == []


def test_the_tier_that_served_an_answer_is_on_its_last_chunk() -> None:
    parser = StreamParser(SPEC)
    parser.take({"type": "response.completed", "response": {"output": [], "service_tier": "flex"}})

    assert [chunk.get("service_tier") for chunk in parser.end()] == [None, "flex"]


Told = tuple[str, list[str]]
"""The type of an item, and the pieces that it comes in."""


def annotation_added(index: int, part: Any, start: int, end: int) -> dict[str, Any]:
    citation = {"type": "url_citation", "url": "https://a.example/", "title": "A", "start_index": start}
    return {
        "type": "response.output_text.annotation.added",
        "output_index": index,
        "content_index": part,
        "annotation": {**citation, "end_index": end},
    }


def text_delta(index: int, part: Any, delta: str) -> dict[str, Any]:
    return {"type": "response.output_text.delta", "output_index": index, "content_index": part, "delta": delta}


def test_annotations_that_only_their_events_tell_come_last_and_count_from_the_start_of_all_text() -> None:
    parser = StreamParser(SPEC)
    events = [
        ADDED,
        text_delta(0, 0, "Hel"),
        text_delta(0, 0, "lo"),
        annotation_added(0, 0, 1, 4),
        text_delta(0, 1, " to"),
        text_delta(0, 1, " you"),
        annotation_added(0, 1, 1, 3),
        {**annotation_added(0, 1, 1, 3), "annotation": None},
        {"type": "response.completed", "response": {"id": "resp_1", "status": "completed"}},
    ]

    chunks = [chunk for event in events for chunk in parser.take(event)] + parser.end()

    (folded,) = fold(chunks)
    text = folded["message"]["content"]
    cited = [annotation["url_citation"] for annotation in folded["message"]["annotations"]]
    assert [text[citation["start_index"] : citation["end_index"]] for citation in cited] == ["ell", "to"]
    assert [sorted(chunk["choices"][0]["delta"]) for chunk in chunks[-2:]] == [["annotations"], []]


CALL = "function_call"
DELTAS = {"message": "output_text", CALL: "function_call_arguments", "reasoning": "reasoning_summary_text"}
PIECES = st.lists(st.text("ab{} \n", min_size=1, max_size=5).filter(str.strip), max_size=4)
ITEMS = st.tuples(st.sampled_from(["message", CALL, "reasoning", "web_search_call"]), PIECES)


def item_of(index: int, kind: str, pieces: list[str]) -> dict[str, Any]:
    match kind:
        case "message":
            return {"type": kind, "content": [{"type": "output_text", "text": "".join(pieces)}]}
        case "function_call":
            return {"type": kind, "call_id": f"call_{index}", "name": "weather", "arguments": "".join(pieces)}
        case "reasoning":
            summary = [{"type": "summary_text", "text": piece} for piece in pieces]
            return {"type": kind, "id": f"rs_{index}", "summary": summary, "encrypted_content": f"sealed-{index}"}
    return {"type": kind, "id": f"ws_{index}"}


def events_of(index: int, told: Told, *, in_deltas: bool, in_full: bool) -> list[dict[str, Any]]:
    kind, pieces = told
    item = item_of(index, kind, pieces)
    started: dict[str, Any] = {**item, "arguments": ""} if kind == CALL else item
    events: list[dict[str, Any]] = [{"type": "response.output_item.added", "item": started}]
    if in_deltas and kind in DELTAS:
        events += [
            {"type": f"response.{DELTAS[kind]}.delta", "delta": piece, "summary_index": place}
            for place, piece in enumerate(pieces)
        ]
    if in_full:
        events.append({"type": "response.output_item.done", "item": item})
    return [{**event, "output_index": index} for event in events]


@given(
    output=st.lists(ITEMS, max_size=6),
    ways=st.sampled_from([(True, True), (True, False), (False, True)]),
    parallel=st.booleans(),
)
def test_however_often_a_stream_says_it_it_folds_to_the_whole_answer(
    output: list[Told], ways: tuple[bool, bool], parallel: bool
) -> None:
    in_deltas, in_full = ways
    queues = [events_of(index, told, in_deltas=in_deltas, in_full=in_full) for index, told in enumerate(output)]
    if parallel:
        calls = [queue for queue, (kind, _) in zip(queues, output, strict=True) if kind == CALL]
        queues = [queue for queue in queues if queue not in calls]
        queues += [[event for event in turn if event] for turn in zip_longest(*calls)]
    items = [item_of(index, *told) for index, told in enumerate(output)]
    response = {"id": "resp_1", "status": "completed", "output": items}
    parser = StreamParser(SPEC)

    chunks = [chunk for queue in queues for event in queue for chunk in parser.take(event)]
    chunks += [*parser.take({"type": "response.completed", "response": response}), *parser.end()]

    (folded,) = fold(chunks)
    (whole,) = parse_completion(SPEC, json.dumps(response).encode()).body["choices"]
    assert {name: value for name, value in folded["message"].items() if value} == {
        name: value for name, value in whole["message"].items() if value
    }
    assert folded["finish_reason"] == whole["finish_reason"]
