"""Chat completions rendered as Responses requests, and the official client's own idea of a valid one."""

import copy
import functools
from collections.abc import Mapping
from typing import Any

from ownkey.adapters.protocols.openai_responses import render_request
from ownkey.adapters.protocols.wire import Rendered
from ownkey.adapters.registry import REGISTRY
from tests.support.adapter_transport import chat_request

AZURE_SETTINGS = {"endpoint": "https://x.openai.azure.com", "apiVersion": "v1"}


def render(
    slug: str = "openai-responses",
    *,
    model: str = "some-model",
    stream: bool = False,
    settings: Mapping[str, str] | None = None,
    **fields: Any,
) -> Rendered:
    """Return a chat completion with these fields, rendered; the caller's body is seen to stay as it was."""
    request = chat_request(stream, **fields)
    before = copy.deepcopy(request.body)
    defaults = AZURE_SETTINGS if "azure" in slug else {}
    rendered = render_request(
        REGISTRY[slug], request, upstream_model=model, credential_settings=defaults if settings is None else settings
    )
    assert request.body == before
    return rendered


def rendered_input(*messages: dict[str, Any], slug: str = "openai-responses") -> list[dict[str, Any]]:
    """Return the input items of a conversation."""
    items: list[dict[str, Any]] = render(slug, messages=list(messages)).body["input"]
    return items


@functools.cache
def _official_type() -> Any:
    from openai.types.responses.response_create_params import (
        ResponseCreateParamsNonStreaming,
        ResponseCreateParamsStreaming,
    )
    from pydantic import TypeAdapter

    return TypeAdapter(ResponseCreateParamsStreaming | ResponseCreateParamsNonStreaming)


def check_official(body: dict[str, Any]) -> None:
    """Raise a ValidationError when OpenAI's own client would not know a body as one of its requests."""
    checked = _official_type().validate_python(body)
    for name in ("tools", "include"):
        # Lists of the client's types are read only when they are walked.
        list(checked.get(name) or ())
    # The client lets every unknown field pass, and so would take a misspelt one for another request's.
    assert checked.keys() == body.keys()
