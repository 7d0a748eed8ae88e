"""Token counts as Gemini reports them."""

import math
from typing import Any

from ownkey.domain.chat import JsonObject, Usage

_COUNTS = ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "totalTokenCount")


def parse_usage(metadata: JsonObject) -> Usage | None:
    """Return the usage in a `usageMetadata` object, or None when it counts nothing.

    Thoughts stand beside the candidates' tokens, except where the total shows that they are among them.
    """
    if not any(name in metadata for name in _COUNTS):
        return None
    prompt = _count(metadata, "promptTokenCount") + _count(metadata, "toolUsePromptTokenCount")
    written = _count(metadata, "candidatesTokenCount")
    thoughts = _count(metadata, "thoughtsTokenCount")
    among = bool(written) and prompt + written == _count(metadata, "totalTokenCount")
    completion = written if among else written + thoughts
    return Usage(
        input_tokens=prompt,
        output_tokens=completion,
        cached_input_tokens=_count(metadata, "cachedContentTokenCount"),
        reasoning_tokens=min(thoughts, completion),
    )


def _count(metadata: JsonObject, name: str) -> int:
    value: Any = metadata.get(name)
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf else 0
