"""OpenAI's messages, put into the order that formats with strict turns demand.

    conversation = normalise(request.body["messages"])
    conversation.system   the instructions that lead
    conversation.turns    user and assistant in turn, the user first; `Turn(role, parts)`
    read_tooling(request.body)  tools, tool choice and parallel calls, legacy fields and `allowed_tools` resolved

What holds of the turns: no two neighbours have one role, no text is blank, no turn is empty; every tool call has one
result, in the very next turn, before anything else there and in the order of the calls; no result lacks its call, and
no two calls share an id. Parts stand in the order reasoning, text and media, calls. Ids and placeholders are the same
whenever the messages are, so that prompt caches keep working.
"""

from collections.abc import Callable, Iterable
from typing import Any, Literal

from ownkey.adapters.protocols.media import checked_base64, image_type, parse_data_uri
from ownkey.adapters.protocols.message_parts import (
    AudioPart,
    ContentPart,
    FilePart,
    ImagePart,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    parse_arguments,
)
from ownkey.adapters.protocols.tool_declarations import Tool, ToolChoice, Tooling, object_schema, read_tooling
from ownkey.adapters.protocols.turn_builder import TurnBuilder
from ownkey.adapters.protocols.turns import NO_RESULT, PLACEHOLDER, Conversation, Turn
from ownkey.domain.errors import InvalidParameterError

__all__ = [
    "NO_RESULT",
    "PLACEHOLDER",
    "AudioPart",
    "ContentPart",
    "Conversation",
    "FilePart",
    "ImagePart",
    "Part",
    "ReasoningPart",
    "TextPart",
    "Tool",
    "ToolCallPart",
    "ToolChoice",
    "ToolResultPart",
    "Tooling",
    "Turn",
    "checked_base64",
    "image_type",
    "normalise",
    "object_schema",
    "parse_arguments",
    "parse_data_uri",
    "read_tooling",
]


def normalise(
    messages: Iterable[Any],
    *,
    later_system: Literal["user", "hoist", "keep"] = "user",
    call_id: Callable[[str], str] = lambda original: original,
    placeholder: str = PLACEHOLDER,
) -> Conversation:
    """Return the conversation that OpenAI `messages` are.

    Args:
        messages: the request's messages.
        later_system: what becomes of system messages that do not lead: text of the user in `<system>` tags, part of the
            leading instructions, or turns of their own (only between the user's and the assistant's, or last; elsewhere
            they are text of the user all the same).
        call_id: makes an id that the provider takes out of any id; when two come out equal, the second is made again
            from the original with a number before it.
        placeholder: what stands for a user turn that would be empty.

    Raises:
        InvalidParameterError: a message is malformed; UnsupportedParameterError: it holds what cannot be carried.
    """
    builder = TurnBuilder(later_system, call_id)
    for index, message in enumerate(messages):
        path = f"messages[{index}]"
        if not isinstance(message, dict):
            raise InvalidParameterError("Send every message as an object with a role.", param=path)
        builder.take(message, path)
    return builder.finish(placeholder)
