"""What a conversation is once its messages are in turns."""

from dataclasses import dataclass
from typing import Literal

from ownkey.adapters.protocols.message_parts import Part, TextPart, ToolCallPart

PLACEHOLDER = "(empty)"
NO_RESULT = "no result provided"

Role = Literal["user", "assistant", "system"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side says before the other does. `system` only where later system messages are kept."""

    role: Role
    parts: list[Part]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """The messages of a request, in turns."""

    system: list[TextPart]
    turns: list[Turn]
    dropped: tuple[str, ...] = ()
    """Fields of messages that no format with strict turns has, by name."""

    @property
    def has_tool_parts(self) -> bool:
        """Whether a tool was called before."""
        return any(isinstance(part, ToolCallPart) for turn in self.turns for part in turn.parts)
