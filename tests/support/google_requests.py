"""Gemini's idea of a valid request, by code that shares nothing with the gateway's."""

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter
from pydantic.alias_generators import to_camel

Name = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$")]


class Strict(BaseModel):
    """An object without any other fields."""

    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)


class Blob(Strict):
    mime_type: Annotated[str, StringConstraints(pattern=r"^[a-z]+/[a-z0-9.+-]+$")]
    data: Annotated[str, StringConstraints(min_length=1)]


class FileData(Strict):
    mime_type: str | None = None
    file_uri: str


class Call(Strict):
    id: str | None = None
    name: Name
    args: dict[str, Any]


class MediaPart(Strict):
    inline_data: Blob


class Response(Strict):
    id: str | None = None
    name: Name
    response: dict[str, Any]
    parts: list[MediaPart] | None = None


class Part(Strict):
    text: str | None = None
    thought: bool = False
    thought_signature: str | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None
    function_call: Call | None = None
    function_response: Response | None = None


class Content(Strict):
    role: Literal["user", "model"]
    parts: Annotated[list[Part], Field(min_length=1)]


class Instruction(Strict):
    parts: Annotated[list[Part], Field(min_length=1)]


class Schema(Strict):
    """OpenAPI's subset, in which references and open objects have no place."""

    type: Literal["object", "array", "string", "integer", "number", "boolean"] | None = None
    format: Literal["enum", "date-time", "int32", "int64", "float", "double"] | None = None
    title: str | None = None
    description: str | None = None
    nullable: bool = False
    enum: list[str] | None = None
    items: "Schema | None" = None
    properties: dict[str, "Schema"] | None = None
    required: list[str] | None = None
    any_of: list["Schema"] | None = None
    property_ordering: list[str] | None = None
    min_items: int | None = None
    max_items: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    min_properties: int | None = None
    max_properties: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None


class Declaration(Strict):
    name: Name
    description: str | None = None
    parameters: Schema | None = None
    parameters_json_schema: dict[str, Any] | None = None


class Tool(Strict):
    function_declarations: Annotated[list[Declaration], Field(min_length=1)]


class Calling(Strict):
    mode: Literal["AUTO", "ANY", "NONE"]
    allowed_function_names: list[Name] | None = None


class ToolConfig(Strict):
    function_calling_config: Calling


class ThinkingConfig(Strict):
    include_thoughts: bool = False
    thinking_budget: Annotated[int, Field(ge=-1, le=32768)] | None = None
    thinking_level: Literal["minimal", "low", "medium", "high"] | None = None


class Generation(Strict):
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    top_k: int | None = None
    seed: int | None = None
    max_output_tokens: Annotated[int, Field(ge=1)] | None = None
    candidate_count: Annotated[int, Field(ge=1, le=8)] | None = None
    stop_sequences: Annotated[list[str], Field(min_length=1, max_length=5)] | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    response_logprobs: bool = False
    logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    response_mime_type: Literal["application/json"] | None = None
    response_json_schema: dict[str, Any] | None = None
    response_schema: Schema | None = None
    response_modalities: list[Literal["TEXT", "IMAGE", "AUDIO"]] | None = None
    thinking_config: ThinkingConfig | None = None


class Request(Strict):
    contents: Annotated[list[Content], Field(min_length=1)]
    system_instruction: Instruction | None = None
    tools: list[Tool] | None = None
    tool_config: ToolConfig | None = None
    generation_config: Generation | None = None


_REQUEST = TypeAdapter(Request)
_PAYLOADS = ("text", "inline_data", "file_data", "function_call", "function_response")


def check_request(body: dict[str, Any]) -> None:
    """Raise unless Gemini would take a body: its fields, and what they have to do with each other."""
    request = _REQUEST.validate_json(json.dumps(body, allow_nan=False))
    _check_turns(request.contents)
    names = [declaration.name for tool in request.tools or () for declaration in tool.function_declarations]
    if request.tool_config is not None:
        assert names, "a choice without tools"
        assert set(request.tool_config.function_calling_config.allowed_function_names or ()) <= set(names)
    generation = request.generation_config or Generation()
    thinking = generation.thinking_config or ThinkingConfig()
    assert thinking.thinking_budget is None or thinking.thinking_level is None
    assert generation.response_mime_type or not (generation.response_json_schema or generation.response_schema)


def _check_turns(contents: list[Content]) -> None:
    assert [content.role for content in contents] == [("user", "model")[place % 2] for place in range(len(contents))]
    waiting: list[str] = []
    for content in contents:
        results = [part.function_response.name for part in content.parts if part.function_response]
        assert results == waiting, f"{waiting} waited, and {results} came"
        waiting = [part.function_call.name for part in content.parts if part.function_call]
        for part in content.parts:
            assert len([name for name in _PAYLOADS if getattr(part, name) is not None]) == 1
            assert part.text is None or part.text.strip() or part.thought_signature, "empty text"
    assert not waiting
