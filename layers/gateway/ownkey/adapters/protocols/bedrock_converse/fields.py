"""The fields of a request besides its messages and tools."""

import re
from collections.abc import Mapping
from typing import Any, Literal

from ownkey.adapters.protocols.bedrock_converse.models import Model
from ownkey.adapters.protocols.bedrock_converse.thinking import Thinking
from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import InvalidParameterError, UnsupportedParameterError

_CARRIED = frozenset(
    {"model", "messages", "stream", "stream_options", "tools", "tool_choice", "parallel_tool_calls", "functions"}
    | {"function_call", "max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k", "stop"}
    | {"response_format", "reasoning_effort", "service_tier", "metadata"}
)
_REFUSED = ("n", "logprobs", "top_logprobs", "modalities", "audio", "web_search_options")
"""Fields whose loss would change the answer."""
_NEUTRAL: Mapping[str, Any] = {"n": 1, "modalities": ["text"], "presence_penalty": 0, "frequency_penalty": 0}
"""Values that ask for what happens anyway."""
_METADATA = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}")
_TIERS = frozenset({"priority", "default", "flex", "reserved"})

Format = Literal["text", "json", "native", "tool"]
"""Plain text, JSON that is asked for in words, or a schema in one of two forms."""


class Fields:
    """Reads a caller's fields for one model, and keeps the names of those that cannot be carried."""

    def __init__(self, spec: ProviderSpec, body: JsonObject, model: Model) -> None:
        self.dropped: list[str] = []
        self._spec = spec
        self._body = body
        self._model = model

    def refuse_or_drop(self) -> None:
        """Look at the fields that Bedrock has no place for; raises UnsupportedParameterError."""
        for name, value in self._body.items():
            if name in _CARRIED or not _asks(name, value):
                continue
            if name in _REFUSED:
                raise self._refusal(name)
            self.dropped.append(name)

    def effort(self) -> str | None:
        """Return the effort to think with that the caller asks for."""
        effort = self._body.get("reasoning_effort")
        return effort if isinstance(effort, str) and effort else None

    def response_format(self) -> tuple[Format, JsonObject]:
        """Return how the answer's form is asked for, and the caller's `json_schema`."""
        wanted = self._body.get("response_format")
        kind = wanted.get("type") if isinstance(wanted, dict) else None
        if kind in (None, "text"):
            return "text", {}
        if kind == "json_object":
            return "json", {}
        described = wanted.get("json_schema") if isinstance(wanted, dict) else None
        if kind != "json_schema" or not isinstance(described, dict) or not isinstance(described.get("schema"), dict):
            raise InvalidParameterError(
                "Send response_format as text, json_object, or json_schema with a schema.", param="response_format"
            )
        if self._model.schema_support == "none":
            raise self._refusal("response_format")
        return ("native" if self._model.schema_support == "native" else "tool"), described

    def inference(self, thinking: Thinking, *, default_limit: int) -> JsonObject:
        """Return `inferenceConfig`."""
        config: JsonObject = {}
        self._put_limit(config, thinking, default_limit)
        self._put_sampling(config, thinking)
        stop = self._body.get("stop")
        stops = [stop] if isinstance(stop, str) else stop if isinstance(stop, list) else []
        if kept := [text for text in stops if isinstance(text, str) and text.strip()]:
            config["stopSequences"] = kept
        return config

    def additional(self, thinking: Thinking) -> JsonObject:
        """Return what goes to the model beside Converse's own fields."""
        top_k = self._body.get("top_k")
        if top_k is None:
            return {}
        if not self._may_sample(thinking):
            self.dropped.append("top_k")
            return {}
        if self._model.is_nova:
            return {"inferenceConfig": {"topK": top_k}}
        return {"k" if self._model.family == "cohere" else "top_k": top_k}

    def extras(self) -> JsonObject:
        """Return the arguments that are about the request rather than the answer."""
        extras: JsonObject = {}
        tier = self._body.get("service_tier")
        if tier in _TIERS:
            extras["serviceTier"] = {"type": tier}
        elif tier not in (None, "auto"):
            self.dropped.append("service_tier")
        metadata = self._body.get("metadata")
        if _is_metadata(metadata):
            extras["requestMetadata"] = metadata
        elif metadata:
            self.dropped.append("metadata")
        return extras

    def _put_limit(self, config: JsonObject, thinking: Thinking, default_limit: int) -> None:
        name = "max_completion_tokens" if self._body.get("max_completion_tokens") is not None else "max_tokens"
        limit = self._body.get(name)
        limit = limit if isinstance(limit, int) and not isinstance(limit, bool) else None
        if thinking.rules_out_limits:
            self.dropped += [name] if limit is not None else []
            return
        if limit is None and thinking.budget:
            limit = default_limit
        if limit is None:
            return
        if limit <= thinking.budget:
            limit += thinking.budget
        config["maxTokens"] = max(limit, 16) if self._model.family == "openai" else limit

    def _put_sampling(self, config: JsonObject, thinking: Thinking) -> None:
        for name, theirs in (("temperature", "temperature"), ("top_p", "topP")):
            value = self._body.get(name)
            if not isinstance(value, int | float) or isinstance(value, bool):
                continue
            both = name == "top_p" and "temperature" in config and not self._model.takes_temperature_with_top_p
            if not self._may_sample(thinking) or both:
                self.dropped += [name] if value != 1 else []
            else:
                config[theirs] = min(max(value, 0), 1)

    def _may_sample(self, thinking: Thinking) -> bool:
        thinks = self._model.is_claude and thinking.on
        return self._model.takes_sampling and not thinks and not thinking.rules_out_limits

    def _refusal(self, name: str) -> UnsupportedParameterError:
        return UnsupportedParameterError(
            f"{self._spec.name} cannot do what {name} asks for with this model. Leave {name} out, or choose another "
            "provider or model.",
            param=name,
        )


def _asks(name: str, value: Any) -> bool:
    """Return whether a value asks for anything but what happens anyway."""
    empty = value is None or value is False or value in ({}, [], "")
    return not empty and not (name in _NEUTRAL and value == _NEUTRAL[name])


def _is_metadata(value: Any) -> bool:
    """Return whether Bedrock takes these pairs into its logs."""
    if not isinstance(value, dict) or not 1 <= len(value) <= 16:
        return False
    texts = [*value, *value.values()]
    return all(value) and all(isinstance(text, str) and _METADATA.fullmatch(text) for text in texts)
