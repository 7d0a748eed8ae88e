"""From a caller's chat completion to the body that Anthropic takes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from ownkey.adapters.protocols.anthropic_messages.blocks import call_id, render_text, render_turn
from ownkey.adapters.protocols.anthropic_messages.caching import limit_markers
from ownkey.adapters.protocols.anthropic_messages.parameters import Parameters
from ownkey.adapters.protocols.anthropic_messages.reasoning import Thinking, render_effort, without_thinking
from ownkey.adapters.protocols.anthropic_messages.schemas import supported_schema
from ownkey.adapters.protocols.anthropic_messages.tools import (
    answer_tool,
    choice_with_answer,
    is_forced,
    render_choice,
    render_tools,
)
from ownkey.adapters.protocols.claude_models import ClaudeModel, claude_model
from ownkey.adapters.protocols.conversation import (
    Conversation,
    TextPart,
    Turn,
    normalise,
    object_schema,
    read_tooling,
)
from ownkey.adapters.protocols.wire import Rendered
from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.chat import ChatRequest, JsonObject

_JSON_PROMPT = "Answer with one JSON object and nothing else."
_GO_ON = "Continue."


def render_request(
    spec: ProviderSpec, request: ChatRequest, *, upstream_model: str, credential_settings: Mapping[str, str]
) -> Rendered:
    """Return Anthropic's request.

    Raises:
        InvalidParameterError: a field is malformed.
        UnsupportedParameterError: Claude cannot do what a field asks, and leaving it out would change the answer.
    """
    del credential_settings  # the model's name is the deployment's
    draft = _Draft(spec, request, claude_model(upstream_model))
    draft.body["model"] = upstream_model
    draft.fit()
    return Rendered(spec.chat_path, draft.body, draft.parameters.dropped)


class _Draft:
    """A body on its way from the caller's to Anthropic's."""

    def __init__(self, spec: ProviderSpec, request: ChatRequest, model: ClaudeModel) -> None:
        self.body: JsonObject = {}
        self.parameters = Parameters(spec, request.body)
        self._spec = spec
        self._model = model
        self._stream = request.stream
        self._thinking = Thinking()

    def fit(self) -> None:
        """Fill the body."""
        take = self.parameters.take
        tooling = read_tooling({name: take(name) for name in _TOOL_FIELDS})
        later_system: Literal["keep", "user"] = "keep" if self._model.takes_later_system else "user"
        conversation = normalise(take("messages") or (), later_system=later_system, call_id=call_id)
        self.parameters.drop(*conversation.dropped)
        tools = render_tools(tooling, self._model, called_before=conversation.has_tool_parts)
        if not self._model.takes_schema and any(tool.strict for tool in tooling.tools):
            self.parameters.drop("tools[].function.strict")
        choice = render_choice(tooling)
        self._thinking = render_effort(self._model, self.parameters.effort())
        if self._model.thinking == "none" and self.parameters.asked_effort:
            self.parameters.drop("reasoning_effort")
        choice = self._fit_answer_format(conversation, tools, choice, own_tools=bool(tooling.tools))
        choice = self._fit_thinking(conversation, choice)
        self._put_messages(conversation)
        if tools:
            self.body["tools"] = tools
        if choice:
            self.body["tool_choice"] = choice
        self._put_limits()
        if self._stream:
            self.body["stream"] = True
        if limit_markers(self.body):
            self.parameters.drop("cache_control")
        self.parameters.drop_the_rest()

    def _fit_answer_format(
        self, conversation: Conversation, tools: list[JsonObject], choice: JsonObject | None, *, own_tools: bool
    ) -> JsonObject | None:
        """Ask for JSON when the caller does; return the tool choice that this leaves."""
        kind, schema = self.parameters.answer_format()
        if kind == "json_object":
            conversation.system.append(TextPart(text=_JSON_PROMPT))
        elif kind == "json_schema" and self._model.takes_schema:
            self._output_config()["format"] = {"type": "json_schema", "schema": supported_schema(schema)}
        elif kind == "json_schema":
            tools[:] = [*(tools if own_tools else ()), answer_tool(object_schema(schema))]
            return choice_with_answer(choice, own_tools=own_tools)
        return choice

    def _fit_thinking(self, conversation: Conversation, choice: JsonObject | None) -> JsonObject | None:
        """Settle thinking with what it does not go with; return the tool choice that this leaves."""
        model = self._model
        if self._thinking.budget_tokens and _lost_thoughts(self._spec, conversation):
            self._stop_thinking()
        if is_forced(choice) and self._thinking.is_on and model.takes_forced_tools:
            self._stop_thinking()
        if choice and is_forced(choice) and (self._thinking.is_on or not model.takes_forced_tools):
            self.parameters.drop("tool_choice")
            choice = {name: value for name, value in choice.items() if name != "name"} | {"type": "auto"}
        if self._thinking.config:
            self.body["thinking"] = self._thinking.config
        if self._thinking.effort:
            self._output_config()["effort"] = self._thinking.effort
        return choice

    def _stop_thinking(self) -> None:
        stopped = without_thinking(self._model)
        if stopped.is_on:
            return
        self._thinking = stopped if self._model.thinks_unasked else Thinking()
        if self.parameters.asked_effort:
            self.parameters.drop("reasoning_effort")

    def _output_config(self) -> JsonObject:
        config: JsonObject = self.body.setdefault("output_config", {})
        return config

    def _put_messages(self, conversation: Conversation) -> None:
        turns = conversation.turns
        last = turns[-1]
        if last.role == "assistant":
            if not self._model.takes_prefill or self._thinking.is_on:
                turns = [*turns, Turn("user", [TextPart(text=_GO_ON)])]
            elif isinstance(last.parts[-1], TextPart):
                # Ending in white space is refused.
                ending = replace(last.parts[-1], text=last.parts[-1].text.rstrip())
                turns = [*turns[:-1], Turn("assistant", [*last.parts[:-1], ending])]
        if conversation.system:
            self.body["system"] = render_text(conversation.system)
        thinks = self._model.thinking != "none"
        self.body["messages"] = [render_turn(self._spec, turn, thinking_blocks=thinks) for turn in turns]

    def _put_limits(self) -> None:
        asked = self.parameters.max_tokens()
        budget = self._thinking.budget_tokens
        limit = self._model.default_max_tokens if asked is None else asked
        if budget and limit <= budget:
            limit += budget
        self.body["max_tokens"] = limit
        self.body |= self.parameters.sampling(self._model, thinks=self._thinking.is_on)
        self.body |= self.parameters.rest()


_TOOL_FIELDS = ("tools", "tool_choice", "parallel_tool_calls", "functions", "function_call")


def _lost_thoughts(spec: ProviderSpec, conversation: Conversation) -> bool:
    """Return whether a turn that calls tools no longer holds the thoughts that led to it."""
    for turn in conversation.turns:
        content = render_turn(spec, turn, thinking_blocks=True)["content"]
        kinds = [block["type"] for block in content] if isinstance(content, list) else []
        if "tool_use" in kinds and kinds[0] not in ("thinking", "redacted_thinking"):
            return True
    return False
