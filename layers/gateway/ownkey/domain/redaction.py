"""The one redactor: what every text passes on its way to a caller, a log or a stored item."""

import re
from collections.abc import Iterable

from ownkey.domain.secrets import Secret

MASK = "[redacted]"
FRAGMENT_LENGTH = 8
"""A run of this many characters shared with a secret counts as a piece of it."""

_SHAPES = re.compile(
    r"""
      -----BEGIN[ ][A-Z ]*PRIVATE[ ]KEY-----.*?(?:-----END[ ][A-Z ]*PRIVATE[ ]KEY-----|\Z)
    | \b(?:sk|rk|pk|gsk|csk|cpk|vck|ok|tvly|pplx|nvapi|nvta|akml|hf)[-_][\w*.\u2026-]{6,}  # prefixed, masked too
    | \bAIza[\w*.-]{8,}                                                                     # Google
    | \b(?:AKIA|ASIA)[A-Z0-9*]{8,}                                                          # AWS access key ids
    | \beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?                                                # JSON web tokens
    | (?i:\b(?:bearer|bot|basic)\s+)[\w.~+/=*-]{8,}                                         # authorization values
    | \b[0-9a-f]{32}\.[A-Za-z0-9]{16}\b                                                     # Z.AI
    | \b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b(?=\W*(?:key|token))                   # a UUID called a key
    """,
    re.VERBOSE | re.DOTALL,
)
_NAMED = re.compile(
    r"""(?ix)
    (["']?\b(?:x-)?(?:goog-)?(?:api[-_]?key|access[-_]?key(?:[-_]?id)?|secret(?:[-_]?access[-_]?key)?|session[-_]?token
      |authorization|password|credential|cookie)["']?\s*[:=]\s*["']?)
    ([^\s"',;}&]{6,})
    """
)


def redact(text: str, secrets: Iterable[Secret] = ()) -> str:
    """Return `text` without the given secrets, pieces of them, and anything else shaped like a credential."""
    for secret in secrets:
        text = _without_fragments(text, secret.reveal())
    text = _SHAPES.sub(MASK, text)
    return _NAMED.sub(lambda match: match[1] + MASK, text)


def _without_fragments(text: str, secret: str) -> str:
    if len(secret) < FRAGMENT_LENGTH:
        return text.replace(secret, MASK) if len(secret) >= 4 else text
    windows = {secret[i : i + FRAGMENT_LENGTH] for i in range(len(secret) - FRAGMENT_LENGTH + 1)}
    kept: list[str] = []
    position = masked_until = 0
    while position < len(text):
        if text[position : position + FRAGMENT_LENGTH] in windows:
            if position >= masked_until:
                kept.append(MASK)
            masked_until = position + FRAGMENT_LENGTH
        if position >= masked_until:
            kept.append(text[position])
        position += 1
    return "".join(kept)
