"""Requests that providers really accepted, rendered for the same provider: only what its row says may change."""

from typing import Any

import pytest

from ownkey.adapters.protocols.openai_chat import render_request
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.chat import ChatRequest
from tests.support.adapter_recordings import FOLDER, chat_recordings

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the recordings are not here")

ACCEPTED = [
    recording
    for recording in chat_recordings()
    if isinstance(recording["request"]["body"], dict)
    and "messages" in recording["request"]["body"]
    and recording["response"]["status"] == 200
]
ALWAYS_OURS = {"stream", "stream_options", "model"}
SETTINGS = {"endpoint": "https://x.openai.azure.com", "deploymentName": "d", "apiVersion": "v1"}


def may_change(slug: str, model: str) -> set[str]:
    """The top-level fields that the row says something about."""
    rules = REGISTRY[slug].parameters
    fields = {*rules.dropped, *rules.renamed, *rules.renamed.values(), *rules.clamped, *rules.replaced}
    fields |= {theirs for _, instead in rules.replaced.values() for theirs in instead}
    fields |= {"n"} if rules.max_choices else set()
    fields |= {"reasoning_effort", "thinking"} if slug == "zai" else set()
    fields |= {"tool_stream"} if rules.streamed_tools_body else set()
    fields |= {"tools", "tool_choice"} if "none" not in rules.tool_choices else set()
    for rule in rules.model_rules:
        fields |= {*rule.dropped, *rule.renamed, *rule.renamed.values()}
    return fields


@pytest.mark.parametrize("recording", ACCEPTED, ids=[recording["id"] for recording in ACCEPTED])
def test_an_accepted_request_changes_only_where_its_row_says_so(recording: dict[str, Any]) -> None:
    slug, given = recording["provider"], recording["request"]["body"]
    spec = REGISTRY[slug]
    model = given.get("model", "some-model")
    request = ChatRequest(body=given, model=model, stream=given.get("stream") is True)
    before = repr(given)

    rendered = render_request(spec, request, upstream_model=model, credential_settings=SETTINGS)

    assert repr(given) == before
    changed = {
        name
        for name in {*given, *rendered.body} - {"messages"} - ALWAYS_OURS
        if given.get(name) != rendered.body.get(name) and given.get(name) is not None
    }
    assert changed <= may_change(slug, model)
    if request.stream and spec.stream_usage == "on_request":
        assert rendered.body["stream_options"] == {**(given.get("stream_options") or {}), "include_usage": True}
    for message, original in zip(rendered.body["messages"], given["messages"], strict=True):
        assert same_message(message, original)


def same_message(message: dict[str, Any], original: dict[str, Any]) -> bool:
    """Whether a message still says the same: same words, same calls, a developer at most become the system."""
    text, before = as_text(message.get("content")), as_text(original.get("content"))
    roles = {message["role"], original["role"]}
    return (
        text == before
        and message.get("tool_calls") == original.get("tool_calls")
        and message.get("tool_call_id") == original.get("tool_call_id")
        and (len(roles) == 1 or roles == {"developer", "system"})
    )


def as_text(content: Any) -> Any:
    if not isinstance(content, list):
        return content
    parts = [{name: value for name, value in part.items() if name != "cache_control"} for part in content]
    if all(part.get("type") == "text" for part in parts):
        return "\n".join(part["text"] for part in parts)
    return parts
