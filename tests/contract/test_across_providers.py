"""What callers really asked one provider, and what it answered, carried on at another: a request by its own rules."""

from collections.abc import Iterator
from typing import Any

import pytest

from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.protocols.decoding import decode_stream
from ownkey.adapters.protocols.wire import wire_protocol
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.errors import InvalidParameterError, UnsupportedParameterError, UpstreamError
from tests.support.adapter_folding import fold
from tests.support.adapter_recordings import FOLDER, chat_recordings, is_streamed
from tests.support.anthropic_traffic import recordings as anthropic_recordings
from tests.support.foreign_formats import FORMATS, Format
from tests.support.responses_recordings import responses_recordings

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the recordings are not here")

GOOD = [
    recording
    for recording in (*chat_recordings(), *anthropic_recordings(), *responses_recordings())
    if recording["response"]["status"] == 200
]
ASKED = {
    recording["id"]: body
    for recording in GOOD
    if recording["request"]["path"].endswith("/chat/completions")
    and (body := recording["request"]["body"])
    # Tools that run at the provider are nobody else's.
    and all(tool["type"] == "function" for tool in body.get("tools") or ())
}
every_format = pytest.mark.parametrize("spoken", FORMATS, ids=[each.provider for each in FORMATS])


def answers() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the messages that the recorded answers come to."""
    for recording in GOOD:
        spec = REGISTRY[recording["provider"]]
        errors, body = ErrorClassifier(spec=spec), recording["response"]["body"].encode()
        wire = wire_protocol(spec.protocol)
        try:
            if is_streamed(recording):
                [choice, *_] = fold(decode_stream([body], wire.StreamParser(spec, errors=errors), errors))
            else:
                choice = wire.parse_completion(spec, body, errors=errors).body["choices"][0]
        except UpstreamError:
            continue
        yield recording["id"], choice["message"] | {"role": "assistant"}


def carried_on(message: dict[str, Any]) -> dict[str, Any]:
    """Return the request that an agent sends next."""
    calls = message.get("tool_calls", ())
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "42"} for call in calls]
    names = dict.fromkeys(call[call["type"]]["name"] for call in calls)
    return {
        "messages": [{"role": "user", "content": "Go"}, message, *(results or [{"role": "user", "content": "On"}])],
        "tools": [{"type": "function", "function": {"name": name}} for name in names],
    }


ANSWERED = {
    name: carried_on(message)
    for name, message in answers()
    # A custom tool's call has no place in most formats, and an older call has no id that a result could name.
    if all(call["type"] == "function" for call in message.get("tool_calls", ())) and "function_call" not in message
}


def wrongs(spoken: Format, conversations: dict[str, dict[str, Any]]) -> tuple[dict[str, str], int]:
    """Return what is wrong, by recording, and how many requests were refused by name."""
    found: dict[str, str] = {}
    refused = 0
    for name, fields in conversations.items():
        for model in spoken.models:
            try:
                spoken.check(spoken.render(model, fields).body)
            except (UnsupportedParameterError, InvalidParameterError):
                refused += 1
            except (AssertionError, ValueError) as wrong:
                found[f"{name} {model}"] = str(wrong)[:500]
    return found, refused


@every_format
def test_what_was_asked_elsewhere_is_a_request_here(spoken: Format) -> None:
    found, refused = wrongs(spoken, ASKED)

    assert found == {}
    assert refused < len(ASKED) * len(spoken.models) / 10


@every_format
@pytest.mark.parametrize("more", [{}, {"reasoning_effort": "low"}], ids=["plain", "with-effort"])
def test_what_was_answered_elsewhere_is_carried_on_here(spoken: Format, more: dict[str, Any]) -> None:
    found, refused = wrongs(spoken, {name: fields | more for name, fields in ANSWERED.items()})

    assert found == {}
    assert refused == 0
