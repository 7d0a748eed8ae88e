"""From a caller's chat completion to the keyword arguments of boto3's `converse` and `converse_stream`."""

import hashlib
import json
import re
from collections.abc import Mapping
from urllib.parse import quote

from ownkey.adapters.protocols.bedrock_converse.caching import limit_cache_points
from ownkey.adapters.protocols.bedrock_converse.content import BlockWriter
from ownkey.adapters.protocols.bedrock_converse.fields import Fields
from ownkey.adapters.protocols.bedrock_converse.models import Model
from ownkey.adapters.protocols.bedrock_converse.schemas import closed_schema
from ownkey.adapters.protocols.bedrock_converse.thinking import Thinking, plan_thinking
from ownkey.adapters.protocols.bedrock_converse.tools import ToolPlan, plan_tools
from ownkey.adapters.protocols.conversation import (
    Conversation,
    ReasoningPart,
    ToolCallPart,
    Turn,
    normalise,
    read_tooling,
)
from ownkey.adapters.protocols.wire import Rendered
from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.chat import ChatRequest, JsonObject

ANSWER_AS_JSON = "Answer with one JSON object and nothing else."
ANSWER_BY_TOOL = "Give your final answer only by calling the tool answer_as_json; its input is the answer."
BESIDE_A_DOCUMENT = "See the document."
MAX_TOKENS_BESIDE_THINKING = 8192
"""The answer's limit, besides what it is thought with, when the caller gives none."""

_CALL_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")
_MISTRAL_CALL_ID = re.compile(r"[a-zA-Z0-9]{9}")


def render_request(
    spec: ProviderSpec,
    request: ChatRequest,
    *,
    upstream_model: str,
    credential_settings: Mapping[str, str],  # noqa: ARG001  # the region says nothing about the request
) -> Rendered:
    """Return the arguments, bytes in the raw, as `body`, and the path that boto3 will make of them.

    Raises:
        UnsupportedParameterError: Bedrock cannot do what a field asks, and leaving it out would change the answer.
    """
    body, dropped = _Draft(spec, request.body, Model(upstream_model)).finish()
    operation = "converse-stream" if request.stream else "converse"
    path = f"/model/{quote(upstream_model, safe='')}/{operation}"
    return Rendered(path, body, tuple(dict.fromkeys(dropped)))


class _Draft:
    """A request on its way from the caller's to Bedrock's."""

    def __init__(self, spec: ProviderSpec, body: JsonObject, model: Model) -> None:
        self._model = model
        self._writer = BlockWriter(spec, model)
        self._fields = Fields(spec, body, model)
        self._fields.refuse_or_drop()
        call_id = _mistral_call_id if model.is_mistral else _call_id
        self._conversation = normalise(body.get("messages") or (), call_id=call_id)
        self._tooling = read_tooling(body)

    def finish(self) -> tuple[JsonObject, list[str]]:
        """Return the arguments, and the names of what was left out."""
        fields, model = self._fields, self._model
        kind, schema = fields.response_format()
        tools = plan_tools(
            model,
            self._tooling,
            self._writer,
            answer_schema=schema.get("schema", {}) if kind == "tool" else None,
            has_history=self._conversation.has_tool_parts,
        )
        thinking = plan_thinking(
            model,
            fields.effort(),
            forces_tool=tools.forces_tool,
            lost_state=_lost_state(self._conversation),
        )
        body: JsonObject = {"modelId": model.id, "messages": self._messages()}
        by_tool = kind == "tool" and not tools.forces_tool
        self._put_system(body, [ANSWER_BY_TOOL] if by_tool else [ANSWER_AS_JSON] if kind == "json" else [])
        if inference := fields.inference(thinking, default_limit=thinking.budget + MAX_TOKENS_BESIDE_THINKING):
            body["inferenceConfig"] = inference
        if tools.tools:
            body["toolConfig"] = tools.config()
        if kind == "native":
            body["outputConfig"] = {"textFormat": _text_format(model, schema)}
        body |= fields.extras()
        self._put_additional(body, thinking, tools)
        limit_cache_points(body)
        dropped = [*fields.dropped, *tools.dropped, *self._conversation.dropped]
        return body, [*dropped, *(["reasoning_effort"] if thinking.dropped else [])]

    def _messages(self) -> list[JsonObject]:
        turns = self._conversation.turns
        messages: list[JsonObject] = [{"role": turn.role, "content": self._blocks(turn)} for turn in turns]
        last = messages[-1]["content"][-1]
        if turns[-1].role == "assistant" and "text" in last:
            last["text"] = last["text"].rstrip()
        return messages

    def _blocks(self, turn: Turn) -> list[JsonObject]:
        blocks = [block for part in turn.parts for block in self._writer.write(part)]
        if any("document" in block for block in blocks) and not any("text" in block for block in blocks):
            blocks.append({"text": BESIDE_A_DOCUMENT})
        return blocks

    def _put_system(self, body: JsonObject, instructions: list[str]) -> None:
        system = [block for part in self._conversation.system for block in self._writer.write(part)]
        system += [{"text": text} for text in instructions]
        if system and self._model.takes_system:
            body["system"] = system
        elif system:
            body["messages"][0]["content"] = [*system, *body["messages"][0]["content"]]

    def _put_additional(self, body: JsonObject, thinking: Thinking, tools: ToolPlan) -> None:
        additional = {**self._fields.additional(thinking), **thinking.fields}
        if tools.one_at_a_time:
            # With a type only where Converse's own choice does not give one.
            kind = {} if tools.choice else {"type": "auto"}
            additional["tool_choice"] = {**kind, "disable_parallel_tool_use": True}
        if additional:
            body["additionalModelRequestFields"] = additional
        if thinking.answer_fields:
            body["additionalModelResponseFieldPaths"] = thinking.answer_fields


def _text_format(model: Model, described: JsonObject) -> JsonObject:
    schema = described.get("schema", {})
    definition = {"schema": json.dumps(closed_schema(schema) if model.is_claude else schema)}
    for name in ("name", "description"):
        if isinstance(value := described.get(name), str) and value:
            definition[name] = value
    return {"type": "json_schema", "structure": {"jsonSchema": definition}}


def _lost_state(conversation: Conversation) -> bool:
    """Return whether a turn that called tools came back without the signed thoughts before the calls."""
    for turn in conversation.turns:
        calls = any(isinstance(part, ToolCallPart) for part in turn.parts)
        thoughts = [part for part in turn.parts if isinstance(part, ReasoningPart)]
        if calls and not any(
            detail.get("signature") or detail.get("data") for part in thoughts for detail in part.details
        ):
            return True
    return False


def _call_id(original: str) -> str:
    return original if _CALL_ID.fullmatch(original) else f"call_{_digest(original)[:24]}"


def _mistral_call_id(original: str) -> str:
    return original if _MISTRAL_CALL_ID.fullmatch(original) else _digest(original)[:9]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
