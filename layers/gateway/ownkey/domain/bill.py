"""What one request comes to."""

from dataclasses import dataclass
from typing import Any

from ownkey.domain.chat import JsonObject, Usage
from ownkey.domain.prices import Charge


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What one request comes to. It is made once: the receipt tells it, and the record keeps it."""

    usage: Usage
    charge: Charge
    """What it costs the caller, or the team that pays."""
    estimated: bool = False
    """The provider did not report all of the usage, and the rest was counted from what was sent and delivered."""


@dataclass(slots=True, kw_only=True)
class Written:
    """How much a model has written: what an estimate is made from when its provider reports no usage."""

    text_bytes: int = 0
    """Of answers, spoken ones too, refusals, and the names and arguments of tool calls, in UTF-8."""
    reasoning_bytes: int = 0
    tool_calls: int = 0
    images: int = 0

    def add(self, part: JsonObject) -> None:
        """Count a message, or a delta of one."""
        self.text_bytes += _bytes(part.get("content")) + _bytes(part.get("refusal"))
        self.text_bytes += _bytes((part.get("audio") or {}).get("transcript"))
        self.reasoning_bytes += _bytes(part.get("reasoning_content"))
        self.images += len(part.get("images") or ())
        for call in part.get("tool_calls") or ():
            function = call.get("function") or {}
            self.tool_calls += bool(function.get("name"))
            self.text_bytes += _bytes(function.get("name")) + _bytes(function.get("arguments"))

    @property
    def is_empty(self) -> bool:
        """Whether nothing was written."""
        return not (self.text_bytes or self.reasoning_bytes or self.tool_calls or self.images)


def _bytes(text: Any) -> int:
    return len(text.encode("utf-8", "replace")) if isinstance(text, str) else 0
