"""From a caller's chat completion to the body that one provider takes."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ownkey.adapters.protocols.azure import azure_deployment, azure_path
from ownkey.adapters.protocols.openai_chat.messages import render_messages, with_schema_prompt
from ownkey.adapters.protocols.openai_chat.tools import render_tool_choice, render_tools
from ownkey.adapters.protocols.wire import Rendered
from ownkey.adapters.spec import ModelRule, ProviderSpec
from ownkey.domain.chat import ChatRequest, JsonObject
from ownkey.domain.errors import UnsupportedParameterError

_SHAPING = frozenset(
    {"n", "tools", "functions", "function_call", "response_format", "logprobs", "top_logprobs", "modalities", "audio"}
    | {"stop", "web_search_options"}
)
"""Fields that decide what an answer is. One that a provider's list does not have is refused instead of dropped."""
_NEUTRAL: Mapping[str, Any] = {
    "n": 1,
    "presence_penalty": 0,
    "frequency_penalty": 0,
    "parallel_tool_calls": True,
    "modalities": ["text"],
    "response_format": {"type": "text"},
    "service_tier": "auto",
}
"""Values that ask for what happens anyway."""


def render_request(
    spec: ProviderSpec, request: ChatRequest, *, upstream_model: str, credential_settings: Mapping[str, str]
) -> Rendered:
    """Return the provider's request. Fields that nobody here knows travel as they are.

    Raises:
        UnsupportedParameterError: the provider cannot do what a field asks, and leaving it out would change the answer.
    """
    model, url_path = upstream_model, spec.chat_path
    if spec.url_style == "azure":
        model = azure_deployment(credential_settings, upstream_model)
        url_path = azure_path(credential_settings, spec.chat_path, deployment=model)
    # Null is as good as absent to OpenAI, and an error to stricter hosts.
    body = {name: value for name, value in request.body.items() if value is not None}
    draft = _Draft(spec, body, {model, upstream_model})
    draft.fit(stream=request.stream)
    draft.body["model"] = model
    return Rendered(url_path, draft.body, tuple(dict.fromkeys(draft.dropped)))


class _Draft:
    """A body on its way from the caller's to the provider's."""

    def __init__(self, spec: ProviderSpec, body: JsonObject, model_names: Iterable[str]) -> None:
        self.body = body
        self.dropped: list[str] = []
        self._spec = spec
        self._rules = spec.parameters
        self._model_rules = [
            rule
            for rule in spec.parameters.model_rules
            if any(re.match(rule.pattern, name) for name in model_names) and not _is_void(rule, body)
        ]

    def fit(self, *, stream: bool) -> None:
        """Make the body the provider's."""
        self._limit_choices()
        for refused in (self._rules.refused, *(rule.refused for rule in self._model_rules)):
            for name in sorted(refused & self.body.keys()):
                self._refuse(name)
        for dropped in (self._rules.dropped, *(rule.dropped for rule in self._model_rules)):
            for name in sorted(dropped & self.body.keys()):
                self._drop(name)
        render_tool_choice(self._spec, self.body)
        render_tools(self._spec, self.body)
        self._fit_response_format()
        self._fit_effort()
        self._fit_numbers()
        self._rename()
        self._fit_stream(stream=stream)
        self._keep_allowed()
        if isinstance(messages := self.body.get("messages"), list):
            self.body["messages"] = render_messages(self._spec, messages, self.dropped)

    def _limit_choices(self) -> None:
        limit, wanted = self._rules.max_choices, self.body.get("n")
        if limit is None or "n" not in self.body:
            return
        if isinstance(wanted, int) and wanted > limit:
            raise UnsupportedParameterError(
                f"{self._spec.name} answers with at most {limit} choice. Send n={limit}, or more requests.", param="n"
            )
        if limit == 1:
            del self.body["n"]

    def _refuse(self, name: str) -> None:
        value = self.body.pop(name)
        if _asks(name, value):
            raise UnsupportedParameterError(
                f"{self._spec.name} cannot do what {name} asks for with this model. Leave {name} out, or choose "
                "another provider or model.",
                param=name,
            )

    def _drop(self, name: str) -> None:
        if _asks(name, self.body.pop(name)):
            self.dropped.append(name)

    def _fit_response_format(self) -> None:
        wanted = self.body.get("response_format")
        kind = wanted.get("type") if isinstance(wanted, dict) else None
        if kind is None or kind in self._rules.response_formats:
            return
        if kind == "json_schema" and self._rules.json_schema_as_prompt:
            described = wanted.get("json_schema") if isinstance(wanted, dict) else None
            schema = described.get("schema", {}) if isinstance(described, dict) else {}
            self.body["response_format"] = {"type": "json_object"}
            if isinstance(messages := self.body.get("messages"), list):
                self.body["messages"] = with_schema_prompt(messages, schema)
            self.dropped.append("response_format.json_schema")
            return
        self._refuse("response_format")

    def _fit_effort(self) -> None:
        efforts = self._rules.efforts
        for rule in self._model_rules:
            efforts = efforts if rule.efforts is None else rule.efforts
        effort = self.body.get("reasoning_effort")
        if isinstance(effort, str) and effort in efforts:
            del self.body["reasoning_effort"]
            for name, value in efforts[effort].items():
                self.body.setdefault(name, value)

    def _fit_numbers(self) -> None:
        for name, (number, instead) in self._rules.replaced.items():
            if _is_number(self.body.get(name)) and self.body[name] == number:
                del self.body[name]
                for theirs, value in instead.items():
                    self.body.setdefault(theirs, value)
        for name, (low, high) in self._rules.clamped.items():
            if _is_number(self.body.get(name)):
                self.body[name] = min(max(self.body[name], low), high)

    def _rename(self) -> None:
        for renamed in (self._rules.renamed, *(rule.renamed for rule in self._model_rules)):
            for ours, theirs in renamed.items():
                value = self.body.pop(ours, None)
                if value is not None and self.body.get(theirs) is None:
                    self.body[theirs] = value

    def _fit_stream(self, *, stream: bool) -> None:
        options = self.body.pop("stream_options", None)
        if not stream:
            if self.body.get("stream"):
                self.body["stream"] = False
            return
        self.body["stream"] = True
        options = dict(options) if isinstance(options, dict) else {}
        if self._spec.stream_usage == "on_request":
            options["include_usage"] = True
        if options:
            self.body["stream_options"] = options
        if self.body.get("tools"):
            for name, value in self._rules.streamed_tools_body.items():
                self.body.setdefault(name, value)

    def _keep_allowed(self) -> None:
        if self._rules.allowed is None:
            return
        for name in sorted(self.body.keys() - self._rules.allowed):
            if name in _SHAPING:
                self._refuse(name)
            else:
                self._drop(name)


def _is_void(rule: ModelRule, body: JsonObject) -> bool:
    return bool(rule.unless) and all(body.get(name) == value for name, value in rule.unless.items())


def _asks(name: str, value: Any) -> bool:
    """Return whether a value asks for anything but what happens anyway."""
    empty = value is None or value is False or value in ({}, [])
    return not empty and not (name in _NEUTRAL and value == _NEUTRAL[name])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
