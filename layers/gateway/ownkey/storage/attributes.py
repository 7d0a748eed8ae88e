"""Items between DynamoDB's typed attribute values and plain Python, checked on the way in."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from ownkey.domain.errors import StoreUnavailableError

if TYPE_CHECKING:
    from decimal import Decimal

    Value = str | int | bool | bytes | Decimal
else:  # decimal is not needed to start
    Value = str | int | bool | bytes
Item = dict[str, Value]
"""An item in plain Python values. Absent attributes are absent, never None."""

ValueT = TypeVar("ValueT", str, int, bool, bytes)


def read(item: Mapping[str, Value], name: str, kind: type[ValueT]) -> ValueT:
    """Return a required attribute; raises StoreUnavailableError when it is not what it should be."""
    value = item.get(name)
    if type(value) is not kind:
        raise StoreUnavailableError(f"a stored item is unreadable: {name} is not {kind.__name__}")
    return value


def read_optional(item: Mapping[str, Value], name: str) -> str | None:
    """Return an optional text; raises StoreUnavailableError when it is something else."""
    return read(item, name, str) if name in item else None


def read_amount(item: Mapping[str, Value], name: str) -> "Decimal | None":
    """Return an optional exact number; raises StoreUnavailableError when it is something else."""
    value = item.get(name)
    if value is None:
        return None
    from decimal import Decimal  # not needed to start

    if type(value) is Decimal:
        return value
    if type(value) is int:
        return Decimal(value)
    raise StoreUnavailableError(f"a stored item is unreadable: {name} is not a number")


def check_version(item: Mapping[str, Value], known: int) -> None:
    """Raise StoreUnavailableError for an item of a newer shape than this code knows: it is refused, not guessed."""
    version = read(item, "version", int)
    if version > known:
        raise StoreUnavailableError(
            f"a stored item {str(item.get('sk', '')).partition('#')[0]} has version {version}, and this release knows"
            f" {known} at most; deploy the newer release again"
        )


def to_typed(values: Mapping[str, Value | None]) -> dict[str, dict[str, Any]]:
    """Return DynamoDB's typed attribute values, leaving out every None."""
    return {name: _typed(value) for name, value in values.items() if value is not None}


def from_typed(attributes: Mapping[str, Mapping[str, Any]]) -> Item:
    """Return plain values; raises StoreUnavailableError for a type that no item of ours has."""
    return {name: _plain(name, typed) for name, typed in attributes.items()}


def _typed(value: Value) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, str):
        return {"S": value}
    return {"B": value} if isinstance(value, bytes) else {"N": format(value, "f")}


def _plain(name: str, typed: Mapping[str, Any]) -> Value:
    match [*typed.items()]:
        case [("S", str(text))]:
            return text
        case [("N", str(number))]:
            return _number(name, number)
        case [("BOOL", bool(truth))]:
            return truth
        case [("B", bytes(octets))]:
            return octets
    raise StoreUnavailableError(f"a stored item is unreadable: {name} has an unknown type")


def _number(name: str, text: str) -> "int | Decimal":
    if text.lstrip("-").isdigit():
        return int(text)
    from decimal import Decimal, InvalidOperation  # amounts of money only

    try:
        return Decimal(text)
    except InvalidOperation as exc:
        raise StoreUnavailableError(f"a stored item is unreadable: {name} is not a number") from exc
