"""What we would count where a provider counted itself: too much rather than too little, and not by far."""

from typing import Any

import pytest

from ownkey.adapters.adapter import ChatAdapter
from ownkey.adapters.registry import REGISTRY
from ownkey.billing.estimate import measured_usage
from ownkey.domain.bill import Written
from ownkey.domain.chat import Usage
from ownkey.domain.errors import UpstreamError
from tests.support.adapter_recordings import FOLDER, is_streamed, recordings
from tests.support.adapter_transport import FakeDeadline, FakeResponse, FakeTransport, chat_request, credential

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the recordings are not here")


def answered(recording: dict[str, Any]) -> tuple[Usage | None, Written]:
    """Return what the provider counted, and what came."""
    response, slug = recording["response"], recording["provider"]
    transport = FakeTransport(FakeResponse(200, response["body"].encode(), response["headers"]))
    adapter = ChatAdapter({slug: REGISTRY[slug]}, transport)
    call: dict[str, Any] = {"provider": slug, "upstream_model": "m", "deadline": FakeDeadline()}
    call["credential"] = credential(slug)
    written = Written()
    if is_streamed(recording):
        stream = adapter.stream(chat_request(stream=True), **call)
        for chunk in stream:
            for choice in chunk["choices"]:
                written.add(choice["delta"])
        return stream.usage, written
    completion = adapter.complete(chat_request(), **call)
    for choice in completion.body["choices"]:
        written.add(choice["message"])
    return completion.usage, written


def test_estimates_come_to_a_little_more_than_what_was_counted() -> None:
    counted = estimated = answers = 0
    for recording in recordings(status=200):
        try:
            usage, written = answered(recording)
        except UpstreamError:
            continue
        # Reasoning that a provider counts and does not show cannot be estimated.
        if usage and usage.output_tokens and (written.reasoning_bytes or not usage.reasoning_tokens):
            guess, _ = measured_usage(None, {}, written)
            counted, estimated, answers = counted + usage.output_tokens, estimated + guess.output_tokens, answers + 1
    assert answers > 200
    assert counted <= estimated <= 1.2 * counted
