"""What a search option may be. A check returns the value, tidied; its error completes "… must be"."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

Check = Callable[[Any], Any]

TEXT_LIMIT = 2000
"""The longest text that an option may be, in characters."""

_HOST = re.compile(r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?)?")


class WrongValueError(Exception):
    """The value will not do; what would is said in words."""


def flag(value: Any) -> bool:
    """Take true and false."""
    if isinstance(value, bool):
        return value
    raise WrongValueError("true or false")


def never(value: Any) -> None:
    """Take only false, for what an engine does not do."""
    if value is not False:
        raise WrongValueError("false: the engine does not do it")


def whole(lowest: int, highest: int) -> Check:
    """Take whole numbers of a range, both ends included."""

    def check(value: Any) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest:
            return value
        raise WrongValueError(f"a whole number from {lowest} to {highest}")

    return check


def number(lowest: float, highest: float) -> Check:
    """Take numbers of a range, both ends included."""

    def check(value: Any) -> int | float:
        if isinstance(value, int | float) and not isinstance(value, bool) and lowest <= value <= highest:
            return value
        raise WrongValueError(f"a number from {lowest:g} to {highest:g}")

    return check


def one_of(*names: str) -> Check:
    """Take one of these words, in any case."""

    def check(value: Any) -> str:
        if isinstance(value, str) and value.strip().lower() in names:
            return value.strip().lower()
        raise WrongValueError(f"one of {', '.join(names)}")

    return check


def either(*checks: Check) -> Check:
    """Take what one of these takes."""

    def check(value: Any) -> Any:
        reasons = []
        for candidate in checks:
            try:
                return candidate(value)
            except WrongValueError as wrong:
                reasons.append(str(wrong))
        raise WrongValueError(", or ".join(reasons))

    return check


def text(value: Any) -> str:
    """Take a text that says something."""
    if isinstance(value, str) and value.strip() and len(value) <= TEXT_LIMIT:
        return value.strip()
    raise WrongValueError(f"a text of 1 to {TEXT_LIMIT} characters")


def few_words(value: Any) -> str:
    """Take a text of at most five words."""
    if isinstance(value, str) and 1 <= len(value.split()) <= 5 and len(value) <= TEXT_LIMIT:
        return value.strip()
    raise WrongValueError("a text of 1 to 5 words")


def list_of(check: Check, what: str, most: int) -> Check:
    """Take lists of 1 to `most` values that `check` takes; `what` names them. One value is a list of one."""

    def check_all(values: Any) -> list[Any]:
        values = values if isinstance(values, list) else [values]
        try:
            checked = [check(value) for value in values[: most + 1]]
        except WrongValueError:
            checked = []
        if 0 < len(checked) <= most:
            return checked
        raise WrongValueError(f"a list of 1 to {most} {what}")

    return check_all


def table(fields: Mapping[str, Check]) -> Check:
    """Take objects with these fields, each of which may be left out."""

    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict) or not value.keys() <= fields.keys():
            raise WrongValueError(f"an object with {', '.join(fields)}")
        checked = {}
        for name, inner in value.items():
            try:
                checked[name] = fields[name](inner)
            except WrongValueError as wrong:
                raise WrongValueError(f"an object whose {name} is {wrong}") from None
        return checked

    return check


def anything(value: Any) -> Any:
    """Take an object, whatever is in it."""
    if isinstance(value, dict):
        return value
    raise WrongValueError("an object")


def day(value: Any) -> str:
    """Take a day that exists, as `YYYY-MM-DD`."""
    try:
        if isinstance(value, str) and date.fromisoformat(value).isoformat() == value:
            return value
    except ValueError:
        pass
    raise WrongValueError("a day that exists, as YYYY-MM-DD")


def moment(value: Any) -> str:
    """Take a day, or a moment of it, in ISO 8601."""
    try:
        if isinstance(value, str) and _MOMENT.fullmatch(value):
            datetime.fromisoformat(value)
            return value
    except ValueError:
        pass
    raise WrongValueError("a day or a moment that exists, in ISO 8601, such as 2026-11-26 or 2026-11-26T10:20:09Z")


def host(value: Any) -> str:
    """Take a domain name, without scheme, path or port."""
    name = value.strip().lower().rstrip(".") if isinstance(value, str) else ""
    try:
        name = name.encode("idna").decode() if not name.isascii() else name
    except UnicodeError:
        name = ""
    if _HOST.fullmatch(name):
        return name
    raise WrongValueError("a domain name such as example.org")


def hosts(most: int) -> Check:
    """Take lists of domain names."""
    return list_of(host, "domain names such as example.org, without https:// or a path", most)


def country_code(value: Any) -> str:
    """Take a country by its two letters."""
    code = value.strip().upper() if isinstance(value, str) else ""
    if re.fullmatch(r"[A-Z]{2}", code):
        return code
    raise WrongValueError("a country by its two letters (ISO 3166), such as US")


def country_of_location(to_country: Check = country_code) -> Check:
    """Take a place as OpenAI's `user_location` says it, and keep its country; or the country alone."""

    def check(value: Any) -> Any:
        if not isinstance(value, dict):
            return to_country(value)
        inner = value.get("approximate")
        try:
            return to_country((inner if isinstance(inner, dict) else value).get("country"))
        except WrongValueError as wrong:
            raise WrongValueError(f"a place whose country is {wrong}") from None

    return check
