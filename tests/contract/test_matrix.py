"""One behaviour whatever the provider: every row of the table x everything that an upstream may do.

A new row is here as soon as it is in the table.
"""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ownkey.adapters.adapter import ChatAdapter
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.chat import Completion, Usage
from ownkey.domain.errors import (
    ProviderFailureError,
    ProviderKeyRejectedError,
    ProviderRateLimitedError,
    ProviderRequestError,
    UpstreamError,
)
from ownkey.domain.provider_keys import Credential
from tests.support.adapter_folding import fold
from tests.support.adapter_transport import KEY, FakeDeadline, FakeResponse, FakeTransport, chat_request, credential
from tests.support.bedrock import SECRET_KEY, aws_credential
from tests.support.wire_answers import (
    EVENTS,
    JSON,
    WIRES,
    Spoken,
    error_response,
    stream_response,
    whole_response,
)

SLUGS = [slug for slug, spec in REGISTRY.items() if spec.kind == "chat"]
OSLO, ROME = '{"city": "Oslo"}', '{"city": "Rome"}'
TOOLS = [{"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in ("sky", "time")]
ANSWERS = {
    "text": Spoken(),
    "thoughts": Spoken(thoughts="Let me see.", output_tokens=9, reasoning_tokens=5),
    "one call": Spoken(text="", calls=(("sky", OSLO),)),
    "calls side by side": Spoken(text="A moment.", calls=(("sky", OSLO), ("time", ROME), ("sky", "{}"))),
    "cut short": Spoken(cut_short=True),
    "cached": Spoken(input_tokens=100, cached_tokens=60),
}

every_row = pytest.mark.parametrize("slug", SLUGS)


def wire_of(slug: str) -> Any:
    return WIRES[REGISTRY[slug].protocol]


def model_of(slug: str) -> str:
    return "us.anthropic.claude-sonnet-4-5-20250929-v1:0" if slug == "aws" else "m"


def credential_of(slug: str) -> Credential:
    return aws_credential() if slug == "aws" else credential(slug)


def call(slug: str, *answers: FakeResponse, stream: bool = False, **fields: Any) -> Any:
    """Return what the adapter makes of the answers: a completion, or a begun stream."""
    adapter = ChatAdapter(REGISTRY, FakeTransport(*answers), {} if slug == "aws" else {slug: "https://example.com/v1"})
    run = adapter.stream if stream else adapter.complete
    request = chat_request(stream, tools=TOOLS, **fields)
    return run(
        request,
        provider=slug,
        upstream_model=model_of(slug),
        credential=credential_of(slug),
        deadline=FakeDeadline(),
    )


def check_message(slug: str, message: dict[str, Any], finish: str, spoken: Spoken) -> None:
    assert message["role"] == "assistant"
    assert (message["content"] or "") == spoken.text
    assert message.get("reasoning_content", "") == spoken.thoughts
    calls = message.get("tool_calls", [])
    said = [(each["type"], each["function"]["name"], json.loads(each["function"]["arguments"])) for each in calls]
    assert said == [("function", name, json.loads(arguments)) for name, arguments in spoken.calls]
    assert len({each["id"] for each in calls}) == len(calls)
    assert all(each["id"] for each in calls)
    assert finish == ("length" if spoken.cut_short else "tool_calls" if spoken.calls else "stop")


def check_usage(slug: str, usage: Usage | None, spoken: Spoken) -> None:
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens) == (spoken.input_tokens, spoken.output_tokens)
    assert usage.cached_input_tokens == spoken.cached_tokens
    # Converse has no count of its own for them.
    assert usage.reasoning_tokens == (0 if slug == "aws" else spoken.reasoning_tokens)


@every_row
@pytest.mark.parametrize("name", ANSWERS)
def test_a_whole_answer(slug: str, name: str) -> None:
    completion: Completion = call(slug, whole_response(wire_of(slug), ANSWERS[name]))
    assert completion.body["object"] == "chat.completion"
    assert isinstance(completion.body["id"], str)
    assert isinstance(completion.body["created"], int)
    [choice] = completion.body["choices"]
    assert choice["index"] == 0
    assert choice["message"]["content"] != ""
    check_message(slug, choice["message"], choice["finish_reason"], ANSWERS[name])
    check_usage(slug, completion.usage, ANSWERS[name])


@every_row
@pytest.mark.parametrize("name", ANSWERS)
def test_a_stream(slug: str, name: str) -> None:
    wire = wire_of(slug)
    response = stream_response(wire, wire.stream(ANSWERS[name], lambda text: [text[:3], text[3:]] if text else ()), 7)
    stream = call(slug, response, stream=True)
    chunks = list(stream)
    stream.close()

    assert len({(chunk["id"], chunk["created"], chunk["model"], chunk["object"]) for chunk in chunks}) == 1
    assert chunks[0]["object"] == "chat.completion.chunk"
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    assert len(choices) == len(chunks)
    assert {choice["index"] for choice in choices} == {0}
    assert choices[0]["delta"] in ({"role": "assistant", "content": ""}, {"role": "assistant", "content": None})
    assert not any("role" in choice["delta"] for choice in choices[1:])
    assert [choice["finish_reason"] is not None for choice in choices] == [False] * (len(choices) - 1) + [True]
    assert choices[-1]["delta"] == {}
    assert all("usage" not in chunk or chunk["usage"] is None for chunk in chunks)
    begun = [entry["index"] for choice in choices for entry in choice["delta"].get("tool_calls", ()) if "id" in entry]
    assert begun == list(range(len(ANSWERS[name].calls)))
    [whole] = fold(chunks)
    check_message(slug, whole["message"], whole["finish_reason"], ANSWERS[name])
    check_usage(slug, stream.usage, ANSWERS[name])
    assert response.closed


ERRORS: dict[int, type[UpstreamError]] = {
    400: ProviderRequestError,
    401: ProviderKeyRejectedError,
    429: ProviderRateLimitedError,
    500: ProviderFailureError,
}


@every_row
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("status", ERRORS)
def test_an_error(slug: str, status: int, stream: bool) -> None:
    secret = SECRET_KEY if slug == "aws" else KEY
    response = error_response(wire_of(slug), status, f"It failed because of {secret}.", **{"retry-after": "7"})
    with pytest.raises(UpstreamError) as raised:
        call(slug, response, stream=stream)
    assert type(raised.value) is ERRORS[status]
    assert raised.value.provider == slug
    assert secret not in str(raised.value)
    assert secret[:12] not in str(raised.value)
    assert response.closed
    if status == 429:
        assert raised.value.retry_after_seconds == 7


def broken_wholes() -> dict[str, FakeResponse]:
    return {
        "no JSON": FakeResponse(200, b"<!doctype html><h1>Welcome</h1>", {"content-type": "text/html"}),
        "half of it": FakeResponse(200, b'{"id": "x", "choices": [{"ind', JSON),
        "another thing": FakeResponse(200, b"[1, 2]", JSON),
        "an empty object": FakeResponse(200, b"{}", JSON),
        "nothing": FakeResponse(200, b"", JSON),
        "bytes": FakeResponse(200, b"\xff\xfe\x00", JSON),
    }


@every_row
@pytest.mark.parametrize("name", broken_wholes())
def test_a_malformed_whole_answer(slug: str, name: str) -> None:
    response = broken_wholes()[name]
    with pytest.raises(ProviderFailureError):
        call(slug, response)
    assert response.closed


@every_row
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("name", ["text", "calls side by side"])
def test_a_cut_stream_is_a_failure_and_never_an_ending(slug: str, kept: float, name: str) -> None:
    wire = wire_of(slug)
    # The last events say what was used; a stream that is cut behind its finish has said everything.
    body = wire.stream(ANSWERS[name], lambda text: [text[:3], text[3:]] if text else ())
    end = body.rfind(finish_marker(slug, body))
    response = stream_response(wire, body[: int(end * kept)])
    seen: list[Any] = []
    with pytest.raises(ProviderFailureError):
        seen.extend(call(slug, response, stream=True))
    assert all(choice["finish_reason"] is None for chunk in seen for choice in chunk["choices"])
    assert response.closed


def finish_marker(slug: str, body: bytes) -> bytes:
    markers = {
        "openai_chat": b'"finish_reason": "',
        "anthropic_messages": b"message_delta",
        "openai_responses": b"response.completed",
        "bedrock_converse": b"messageStop",
        "google_generate_content": b"finishReason",
    }
    marker = markers[REGISTRY[slug].protocol]
    assert marker in body
    return marker


@every_row
@pytest.mark.parametrize(
    "response",
    [
        FakeResponse(200, b"data: {broken\n\ndata: [DONE]\n\n", EVENTS),
        FakeResponse(200, b"<!doctype html><h1>Welcome</h1>", {"content-type": "text/html"}),
        FakeResponse(200, b"", EVENTS),
        FakeResponse(200, b"data: 7\n\n", EVENTS),
        FakeResponse(200, [b"data: {", ProviderFailureError("It hung up.", provider="x")], EVENTS),
    ],
    ids=["no JSON", "web page", "nothing", "a number", "hung up"],
)
def test_a_malformed_stream(slug: str, response: FakeResponse) -> None:
    with pytest.raises(ProviderFailureError):
        list(call(slug, response, stream=True))


RICH: dict[str, Any] = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
        {"role": "user", "name": "ada", "content": "What is the sky like in Oslo, and what time is it in Rome?"},
        {
            "role": "assistant",
            "content": None,
            "reasoning_content": "Two questions.",
            "refusal": None,
            "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "sky", "arguments": OSLO}},
                {"id": "call_2", "type": "function", "function": {"name": "time", "arguments": ROME}},
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "grey"},
        {"role": "tool", "tool_call_id": "call_2", "content": [{"type": "text", "text": "noon"}]},
        {"role": "user", "content": [{"type": "text", "text": "And tomorrow?"}]},
    ],
    "tool_choice": "auto",
    "temperature": 0.5,
    "max_tokens": 4000,
    "user": "u-1",
    "metadata": {"a": "b"},
    "frequency_penalty": None,
}
SAID = ("Be brief.", "Be kind.", "sky like in Oslo", "grey", "noon", "And tomorrow?", "Rome")


@every_row
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_rich_conversation_goes_out_whole(slug: str, stream: bool) -> None:
    wire = wire_of(slug)
    answer = stream_response(wire, wire.stream(Spoken())) if stream else whole_response(wire, Spoken())
    transport = FakeTransport(answer)
    adapter = ChatAdapter(REGISTRY, transport, {} if slug == "aws" else {slug: "https://example.com/v1"})
    run = adapter.stream if stream else adapter.complete
    done = run(
        chat_request(stream, tools=TOOLS, **RICH),
        provider=slug,
        upstream_model=model_of(slug),
        credential=credential_of(slug),
        deadline=FakeDeadline(),
    )
    sent = json.dumps(transport.body)
    assert all(text in sent for text in SAID)
    assert sent.count('"sky"') >= 2
    assert None not in transport.body.values()
    assert not {"byok", "provider", "webSearch", "linkup"} & transport.body.keys()
    assert set(done.dropped) <= {"user", "metadata", "temperature", "tool_choice", "messages[].name"}


PROTOCOL_ROWS: dict[str, str] = {REGISTRY[slug].protocol: slug for slug in reversed(SLUGS)}
"""One row of each wire format."""
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
WORDS = TEXT.filter(lambda text: bool(text.strip()))
ARGUMENTS = st.dictionaries(WORDS, st.integers() | TEXT | st.none() | st.lists(TEXT, max_size=2), max_size=3)
SPOKEN = st.builds(
    Spoken,
    text=WORDS,
    thoughts=st.just("") | WORDS,
    calls=st.lists(
        st.tuples(st.sampled_from(["sky", "time"]), ARGUMENTS.map(lambda value: json.dumps(value, ensure_ascii=False))),
        max_size=3,
    ).map(tuple),
    cut_short=st.booleans(),
    input_tokens=st.integers(50, 10**6),
    cached_tokens=st.integers(0, 50),
    output_tokens=st.integers(20, 10**6),
    reasoning_tokens=st.integers(0, 20),
)


@pytest.mark.parametrize("protocol", WIRES)
@settings(deadline=None, max_examples=30)
@given(spoken=SPOKEN, size=st.integers(1, 40), pieces=st.integers(1, 64), ending=st.sampled_from(["\n", "\r\n", "\r"]))
def test_a_stream_folded_together_equals_the_whole_answer(
    protocol: str, spoken: Spoken, size: int, pieces: int, ending: str
) -> None:
    slug, wire = PROTOCOL_ROWS[protocol], WIRES[protocol]
    whole: Completion = call(slug, whole_response(wire, spoken))

    def cut(text: str) -> list[str]:
        return [text[start : start + size] for start in range(0, len(text), size)]

    stream = call(slug, stream_response(wire, wire.stream(spoken, cut, ending), pieces), stream=True)
    [folded] = fold(list(stream))

    [choice] = whole.body["choices"]
    assert comparable(folded["message"]) == comparable(choice["message"])
    assert folded["finish_reason"] == choice["finish_reason"]
    assert stream.usage == whole.usage


def comparable(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message without what only whole ones have, and its arguments as what they mean."""
    kept = {name: value for name, value in message.items() if value or name not in {"refusal", "annotations"}}
    # A stream's first chunk may have said that there is text before it was known that there is none.
    kept["content"] = kept["content"] or None
    for each in kept.get("tool_calls", ()):
        each["function"]["arguments"] = json.loads(each["function"]["arguments"])
    return kept


def test_there_is_a_row_of_every_wire_format() -> None:
    assert PROTOCOL_ROWS.keys() == WIRES.keys()
