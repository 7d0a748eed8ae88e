"""What a request used, where its provider did not say: counted from what was sent and what came."""

import json
from dataclasses import replace
from typing import Any

from ownkey.domain.bill import Written
from ownkey.domain.chat import JsonObject, Usage

BYTES_PER_TOKEN = 3.5
"""Of text in UTF-8. Recorded answers of ten providers have 3.8: an estimate is a little high rather than low."""
TOKENS_PER_TOOL_CALL = 10
"""What stands around a call's name and arguments."""
TOKENS_PER_IMAGE = 1000
"""Between what Gemini, OpenAI and Claude count for one of a megapixel."""
TOKENS_PER_SMALL_IMAGE = 85
"""OpenAI's count where `detail` is `low`."""
CHARACTERS_PER_TOKEN_OF_MEDIA = 60
"""Of base64: some 1,100 tokens for a page of PDF of fifty kilobytes."""
MOST_TOKENS = 100_000_000
"""No request has as many: a provider that counts more has not counted."""


def measured_usage(reported: Usage | None, body: JsonObject, written: Written) -> tuple[Usage, bool]:
    """Return what a request used, and whether any of it is an estimate.

    What the provider reported counts; of an answer that was cut, what it had reported so far. Only a count that is
    missing, or zero where there was something to count, is estimated.

    Args:
        reported: the provider's last word.
        body: the request's, as the caller sent it.
        written: what came of the answer.
    """
    known = reported if reported and max(reported.input_tokens, reported.output_tokens) <= MOST_TOKENS else Usage()
    usage = known
    if not known.input_tokens:
        usage = replace(usage, input_tokens=_input_tokens(body))
    if not known.output_tokens and not written.is_empty:
        reasoning = _tokens(written.reasoning_bytes)
        text = _tokens(written.text_bytes) + TOKENS_PER_TOOL_CALL * written.tool_calls
        images = TOKENS_PER_IMAGE * written.images
        usage = replace(usage, output_tokens=text + reasoning + images, reasoning_tokens=reasoning, reported_cost=None)
    return usage, usage is not known


def _input_tokens(body: JsonObject) -> int:
    media: list[int] = []
    messages = [_without_media(message, media) for message in body.get("messages") or ()]
    sent = {"messages": messages} | {name: body[name] for name in ("tools", "response_format") if body.get(name)}
    return _tokens(len(json.dumps(sent, ensure_ascii=False).encode("utf-8", "replace"))) + sum(media)


def _without_media(message: Any, media: list[int]) -> Any:
    """Return a message without what is no text in it, whose tokens are put in `media`."""
    if not isinstance(message, dict) or not isinstance(message.get("content"), list):
        return message
    texts = []
    for part in message["content"]:
        kind = str(part.get("type", "text")) if isinstance(part, dict) else "text"
        if kind == "text":
            texts.append(part)
        elif "image" in kind:
            image = part.get("image_url")
            is_small = isinstance(image, dict) and image.get("detail") == "low"
            media.append(TOKENS_PER_SMALL_IMAGE if is_small else TOKENS_PER_IMAGE)
        else:
            media.append(len(json.dumps(part)) // CHARACTERS_PER_TOKEN_OF_MEDIA)
    return {**message, "content": texts}


def _tokens(size: int) -> int:
    return -int(-size // BYTES_PER_TOKEN)
