"""A string that cannot print itself."""

import hmac
from typing import Any, NoReturn, final

MASK = "**********"


@final
class Secret:
    """A credential that shows nothing of itself in `repr`, `str`, formatting, JSON or pickles.

    The only way to its characters is `reveal()`, so every place that reads one can be found by name.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the characters themselves. Call it where they are used and keep the result nowhere."""
        return self._value

    def suffix(self) -> str | None:
        """Return the last four characters, or None when the secret has fewer than twelve."""
        return self._value[-4:] if len(self._value) >= 12 else None

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, format_spec: str) -> str:
        return MASK

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a Secret is not copied or pickled; reveal() it where it is used")
