"""The plain fields of a request, as Anthropic takes them: each taken once, and what nobody took is left out."""

import re
from collections.abc import Mapping
from typing import Any

from ownkey.adapters.protocols.claude_models import ClaudeModel
from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import InvalidParameterError, UnsupportedParameterError

_REFUSED = ("n", "logprobs", "top_logprobs", "modalities", "audio", "web_search_options")
"""Fields that decide what an answer is, and that Claude does not have."""
_NEUTRAL: Mapping[str, Any] = {
    "n": 1,
    "presence_penalty": 0,
    "frequency_penalty": 0,
    "modalities": ["text"],
    "response_format": {"type": "text"},
    "service_tier": "auto",
    "top_p": 1,
    "temperature": 1,
}
"""Values that ask for what happens anyway."""
_HANDLED_ELSEWHERE = frozenset({"model", "stream", "stream_options"})
_SERVICE_TIERS = {"auto": "auto", "default": "standard_only"}
_PERSONAL = re.compile(r".*@.*|\+?[\d\s().-]{7,}")
_LOWEST_TOP_P_WITH_THINKING = 0.95


class Parameters:
    """The fields of one request."""

    def __init__(self, spec: ProviderSpec, body: Mapping[str, Any]) -> None:
        self.asked_effort = False
        """Whether the caller asked for an effort."""
        self._spec = spec
        self._left = {name: value for name, value in body.items() if name not in _HANDLED_ELSEWHERE}
        self._dropped: list[str] = []
        for name in sorted(spec.parameters.dropped & self._left.keys()):
            self._drop_value(name, self._left.pop(name))
        for name in _REFUSED:
            if _asks(name, self._left.pop(name, None)):
                raise UnsupportedParameterError(
                    f"{spec.name} cannot do what {name} asks for. Leave {name} out, or choose another provider.",
                    param=name,
                )

    @property
    def dropped(self) -> tuple[str, ...]:
        """The names of fields that were left out."""
        return tuple(dict.fromkeys(self._dropped))

    def take(self, name: str) -> Any:
        """Return a field, None when there is none."""
        return self._left.pop(name, None)

    def drop(self, *names: str) -> None:
        """Note fields that are left out."""
        self._dropped += names

    def drop_the_rest(self) -> None:
        """Note all fields that nobody took."""
        for name in sorted(self._left):
            self._drop_value(name, self._left[name])
        self._left.clear()

    def effort(self) -> str | None:
        """Return the reasoning effort that is asked for, in OpenAI's field or in OpenRouter's.

        Raises:
            InvalidParameterError: it is no string.
        """
        effort = self.take("reasoning_effort")
        if effort is None and isinstance(reasoning := self._left.get("reasoning"), dict) and "effort" in reasoning:
            effort = self.take("reasoning")["effort"]
        if effort is not None and not isinstance(effort, str):
            raise InvalidParameterError("Send reasoning_effort as a string.", param="reasoning_effort")
        self.asked_effort = effort not in (None, "none")
        return effort

    def max_tokens(self) -> int | None:
        """Return the caller's limit of output tokens."""
        limits = [self.take(name) for name in ("max_completion_tokens", "max_tokens")]
        return next((int(limit) for limit in limits if isinstance(limit, int | float) and limit >= 1), None)

    def answer_format(self) -> tuple[str, JsonObject]:
        """Return the kind of `response_format`, and its schema for `json_schema`.

        Raises:
            InvalidParameterError: there is no such kind, or no schema.
        """
        match self.take("response_format"):
            case None | {"type": "text"}:
                return "text", {}
            case {"type": "json_object"}:
                return "json_object", {}
            case {"type": "json_schema", "json_schema": {"schema": dict(schema)}}:
                return "json_schema", schema
        raise InvalidParameterError(
            "Send response_format as text, json_object, or json_schema with json_schema.schema.",
            param="response_format",
        )

    def sampling(self, model: ClaudeModel, *, thinks: bool) -> JsonObject:
        """Return the sampling fields that a model takes."""
        asked = {name: self.take(name) for name in ("temperature", "top_p", "top_k")}
        temperature, top_p = asked["temperature"], asked["top_p"]
        refused: list[str] = []
        if not model.takes_sampling:
            refused = [*asked]
        elif thinks:
            refused = ["temperature", "top_k"]
            if _is_number(top_p) and top_p < _LOWEST_TOP_P_WITH_THINKING:
                refused.append("top_p")
        elif temperature is not None:
            refused = ["top_p"]
        for name in refused:
            self._drop_value(name, asked.pop(name))
        if _is_number(asked.get("temperature")):
            asked["temperature"] = min(max(asked["temperature"], 0), 1)
        return {name: value for name, value in asked.items() if value is not None}

    def rest(self) -> JsonObject:
        """Return `stop_sequences`, `metadata` and `service_tier`."""
        fields: JsonObject = {}
        stop = self.take("stop")
        stops = [stop] if isinstance(stop, str) else stop if isinstance(stop, list) else []
        if sequences := [text for text in stops if isinstance(text, str) and text.strip()]:
            fields["stop_sequences"] = sequences
        if len(sequences) < len(stops):
            self.drop("stop")
        users = [(name, self.take(name)) for name in ("safety_identifier", "user")]
        for name, user in users:
            if isinstance(user, str) and user and not _PERSONAL.fullmatch(user):
                fields.setdefault("metadata", {"user_id": user})
            else:
                self._drop_value(name, user)
        tier = self.take("service_tier")
        if tier in _SERVICE_TIERS:
            fields["service_tier"] = _SERVICE_TIERS[tier]
        else:
            self._drop_value("service_tier", tier)
        return fields

    def _drop_value(self, name: str, value: Any) -> None:
        if _asks(name, value):
            self._dropped.append(name)


def _asks(name: str, value: Any) -> bool:
    """Return whether a value asks for anything but what happens anyway."""
    empty = value is None or value is False or value in ("", {}, [])
    return not empty and not (name in _NEUTRAL and value == _NEUTRAL[name])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
