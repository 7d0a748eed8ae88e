"""Anthropic's idea of a valid request, by code that shares nothing with the gateway's."""

import json
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

Name = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9_-]{1,128}$")]
CallId = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9_-]+$")]
Written = Annotated[str, StringConstraints(pattern=r"\S")]


class Strict(BaseModel):
    """An object without any other fields."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Marker(Strict):
    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] = "5m"


class Marked(Strict):
    cache_control: Marker | None = None


class Text(Marked):
    type: Literal["text"]
    text: Written


class Base64Source(Strict):
    type: Literal["base64"]
    media_type: Literal["image/jpeg", "image/png", "image/gif", "image/webp", "application/pdf"]
    data: Written


class UrlSource(Strict):
    type: Literal["url"]
    url: Annotated[str, StringConstraints(pattern=r"^https?://")]


class TextSource(Strict):
    type: Literal["text"]
    media_type: Literal["text/plain"]
    data: str


class Image(Marked):
    type: Literal["image"]
    source: Base64Source | UrlSource


class Document(Marked):
    type: Literal["document"]
    source: Base64Source | UrlSource | TextSource
    title: str | None = None


class ToolUse(Marked):
    type: Literal["tool_use"]
    id: CallId
    name: Name
    input: dict[str, Any]


class ToolResult(Marked):
    type: Literal["tool_result"]
    tool_use_id: CallId
    content: str | list[Annotated[Text | Image | Document, Field(discriminator="type")]] = ""
    is_error: bool = False


class Thinking(Strict):
    type: Literal["thinking"]
    thinking: str
    signature: Written


class RedactedThinking(Strict):
    type: Literal["redacted_thinking"]
    data: Written


Block = Annotated[
    Text | Image | Document | ToolUse | ToolResult | Thinking | RedactedThinking, Field(discriminator="type")
]


class Message(Strict):
    role: Literal["user", "assistant", "system"]
    content: Written | Annotated[list[Block], Field(min_length=1)]


class Parameters(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)
    type: Literal["object"]


class Tool(Marked):
    name: Name
    description: str = ""
    input_schema: Parameters
    strict: bool = False


class Choice(Strict):
    type: Literal["auto", "any", "tool", "none"]
    name: Name | None = None
    disable_parallel_tool_use: bool = False


class ThinkingConfig(Strict):
    type: Literal["enabled", "adaptive", "disabled"]
    budget_tokens: Annotated[int, Field(ge=1024)] | None = None
    display: Literal["summarized", "omitted"] | None = None


class OutputFormat(Strict):
    type: Literal["json_schema"]
    schema_: dict[str, Any] = Field(alias="schema")


class OutputConfig(Strict):
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: OutputFormat | None = None


class Metadata(Strict):
    user_id: str


class Request(Strict):
    model: str
    max_tokens: Annotated[int, Field(ge=1)]
    messages: Annotated[list[Message], Field(min_length=1)]
    system: Written | Annotated[list[Text], Field(min_length=1)] | None = None
    tools: list[Tool] | None = None
    tool_choice: Choice | None = None
    thinking: ThinkingConfig | None = None
    output_config: OutputConfig | None = None
    stop_sequences: Annotated[list[Written], Field(min_length=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=1)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    top_k: int | None = None
    metadata: Metadata | None = None
    service_tier: Literal["auto", "standard_only"] | None = None
    stream: bool = False


_REQUEST = TypeAdapter(Request)


def check_request(body: dict[str, Any]) -> None:
    """Raise unless Anthropic would take a body: its fields, and what they have to do with each other."""
    request = _REQUEST.validate_json(json.dumps(body, allow_nan=False))
    _check_turns(request.messages)
    _check_tools(request)
    _check_thinking(request)
    assert json.dumps(body).count('"cache_control"') <= 4, "too many cache markers"
    assert request.temperature is None or request.top_p is None, "temperature beside top_p"


def _check_turns(messages: list[Message]) -> None:
    assert messages[0].role == "user"
    assert (
        not isinstance(last := messages[-1].content, str) or messages[-1].role != "assistant" or last == last.rstrip()
    )
    roles = [message.role for message in messages]
    assert all(one != other for one, other in pairwise(roles)), roles
    waiting: list[str] = []
    for message in messages:
        blocks = [] if isinstance(message.content, str) else message.content
        results = [block.tool_use_id for block in blocks if isinstance(block, ToolResult)]
        if message.role != "system":
            assert sorted(results) == sorted(waiting), f"{waiting} waited, and {results} came"
            waiting = [block.id for block in blocks if isinstance(block, ToolUse)]
        assert all(isinstance(block, ToolResult) for block in blocks[: len(results)]), "results come first"
        assert len(set(waiting)) == len(waiting), "two calls with one id"
    assert not waiting


def _check_tools(request: Request) -> None:
    names = [tool.name for tool in request.tools or ()]
    assert len(set(names)) == len(names)
    assert not any(
        {"anyOf", "oneOf", "allOf"} & (tool.input_schema.model_extra or {}).keys() for tool in request.tools or ()
    )
    if request.tool_choice is not None:
        assert names, "a choice without tools"
        assert request.tool_choice.type != "tool" or request.tool_choice.name in names
    blocks = [block for message in request.messages if isinstance(message.content, list) for block in message.content]
    assert names or not any(isinstance(block, ToolUse) for block in blocks), "calls without tools"


def _check_thinking(request: Request) -> None:
    thinking = request.thinking
    if thinking is None or thinking.type == "disabled":
        return
    assert (thinking.budget_tokens is None) == (thinking.type == "adaptive")
    assert (thinking.budget_tokens or 0) < request.max_tokens
    assert request.temperature in (None, 1)
    assert request.top_k is None
    assert request.tool_choice is None or request.tool_choice.type in ("auto", "none")
    for message in request.messages if thinking.type == "enabled" else ():
        if isinstance(message.content, list) and any(isinstance(block, ToolUse) for block in message.content):
            assert isinstance(message.content[0], Thinking | RedactedThinking), "a call without what led to it"
