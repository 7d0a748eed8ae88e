"""Chat completions in every format that is not OpenAI's chat, each with a check by that format's own rules."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ownkey.adapters.protocols.wire import Rendered, wire_protocol
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.chat import ChatRequest
from tests.support.anthropic_requests import check_request as check_anthropic
from tests.support.bedrock import check_arguments
from tests.support.google_requests import check_request as check_google
from tests.support.responses_rendering import check_official


def _check_responses(body: dict[str, Any]) -> None:
    # The types are of items that the provider keeps, and so has named.
    named = {"reasoning": {"id": "rs_1"}, "message": {"id": "msg_1", "status": "completed"}}
    items = [
        {**named[item["type"]], **item}
        if item["type"] == "reasoning" or (item.get("role") == "assistant" and isinstance(item["content"], list))
        else item
        for item in body["input"]
    ]
    check_official({**body, "input": items})


@dataclass(frozen=True, slots=True)
class Format:
    """A provider that speaks it, models that differ in what they take, and what raises when a body is no request."""

    provider: str
    models: tuple[str, ...]
    check: Callable[[dict[str, Any]], None]

    def render(self, model: str, fields: Mapping[str, Any]) -> Rendered:
        """Return the request for a chat completion with these fields."""
        spec = REGISTRY[self.provider]
        body = {**fields, "model": model}
        request = ChatRequest(body=body, model=model, stream=body.get("stream") is True)
        return wire_protocol(spec.protocol).render_request(
            spec, request, upstream_model=model, credential_settings={"region": "us-east-1"}
        )


FORMATS = (
    Format(
        "anthropic",
        ("claude-3-5-haiku-20241022", "claude-sonnet-4-5", "claude-opus-4-6", "claude-opus-4-8", "claude-sonnet-5-5"),
        check_anthropic,
    ),
    Format("google", ("gemma-3-27b-it", "gemini-1.5-pro", "gemini-2.5-flash", "gemini-3-pro-preview"), check_google),
    Format(
        "aws",
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "us.amazon.nova-2-lite-v1:0", "openai.gpt-oss-120b-1:0"),
        check_arguments,
    ),
    Format("openai-responses", ("gpt-4o", "gpt-5", "o3"), _check_responses),
)
