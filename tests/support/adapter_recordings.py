"""Recorded traffic of real providers, where a checkout has it beside it."""

import functools
import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[3] / "shared" / "recorded"

PROVIDERS = (*("openai", "azure", "openrouter", "groq", "nvidia", "sambanova", "vercel", "novita", "zai", "cerebras"),)
"""Folders whose exchanges are in OpenAI's chat format."""


@functools.cache
def chat_recordings() -> tuple[dict[str, Any], ...]:
    """Return the exchanges on a chat-completions path, less those that their recorder wrapped in its own JSON."""
    found = [
        json.loads(path.read_text()) for provider in PROVIDERS for path in sorted((FOLDER / provider).glob("*.json"))
    ]
    return tuple(
        recording
        for recording in found
        if recording["request"]["path"].endswith("/chat/completions")
        and '{"type": "json", "content"' not in recording["response"]["body"][:40]
    )


def recordings(*, status: int | None = None, streamed: bool | None = None) -> list[dict[str, Any]]:
    """Return the exchanges with this status (None: not 200) and this kind of answer."""
    return [
        recording
        for recording in chat_recordings()
        if (recording["response"]["status"] == status if status else recording["response"]["status"] != 200)
        and (streamed is None or is_streamed(recording) == streamed)
    ]


def is_streamed(recording: dict[str, Any]) -> bool:
    """Return whether the answer is an event stream."""
    return "event-stream" in recording["response"]["headers"].get("content-type", "")
