"""Tool names for providers that take fewer characters than callers use, and back, without remembering any."""

import re

from ownkey.domain.errors import UnsupportedParameterError

# What follows the digits, when it is no letter, digit or hyphen, begins with `_` once it is encoded.
TAKEN_BY_ALL = re.compile(r"[A-Za-z0-9-]|_(?!x[0-9A-F]+[^A-Za-z0-9-])")
"""A character that needs no escape, where it stands."""
_ESCAPED = re.compile(r"_x([0-9A-F]{1,6})_")


def encode_tool_name(name: str, *, limit: int, param: str, taken: re.Pattern[str] = TAKEN_BY_ALL) -> str:
    """Return `name` in letters, digits, `_` and `-`; every other character as `_x2E_`. Usual names stay as they are.

    `taken` matches the characters that stay, for a provider that takes more or fewer.

    Raises:
        UnsupportedParameterError: the result is longer than `limit`; no answer could be told from another.
    """
    encoded = "".join(
        name[place] if taken.match(name, place) else f"_x{ord(name[place]):X}_" for place in range(len(name))
    )
    if len(encoded) > limit:
        raise UnsupportedParameterError(
            f"This provider takes tool names of at most {limit} characters. Shorten the name.", param=param
        )
    return encoded


def decode_tool_name(encoded: str) -> str:
    """Return the name that `encode_tool_name` was given."""
    if "_x" not in encoded:
        return encoded
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)) if int(match[1], 16) < 0x110000 else match[0], encoded)
