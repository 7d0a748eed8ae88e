"""What a search option may be. A check returns what goes out; its error completes "… must be"."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

Check = Callable[[Any], Any]

TEXT_LIMIT = 2000
"""The longest text that an option may be, in characters."""

_HOST = re.compile(r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]", re.ASCII)


class WrongValueError(Exception):
    """The value will not do; what would is said in words."""


def flag(value: Any) -> bool:
    """Take true and false."""
    if not isinstance(value, bool):
        raise WrongValueError("true or false")
    return value


def whole(lowest: int, highest: int) -> Check:
    """Take whole numbers of a range, both ends included."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise WrongValueError(f"a whole number from {lowest} to {highest}")
        return value

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
        if not isinstance(value, str) or value.lower() not in names:
            raise WrongValueError(f"one of {', '.join(names)}")
        return value.lower()

    return check


def flag_or(*names: str) -> Check:
    """Take true, false, or one of these words."""

    def check(value: Any) -> bool | str:
        if isinstance(value, bool):
            return value
        try:
            return str(one_of(*names)(value))
        except WrongValueError:
            raise WrongValueError(f"true, false or one of {', '.join(names)}") from None

    return check


def text(value: Any) -> str:
    """Take a text that says something."""
    if not isinstance(value, str) or not value.strip() or len(value) > TEXT_LIMIT:
        raise WrongValueError(f"a text of 1 to {TEXT_LIMIT} characters")
    return value.strip()


def list_of(check: Check, what: str, most: int) -> Check:
    """Take lists of 1 to `most` values that `check` takes; `what` names them. One value is a list of one."""

    def check_all(values: Any) -> list[Any]:
        values = values if isinstance(values, list) else [values]
        try:
            checked = [check(value) for value in values]
        except WrongValueError:
            checked = []
        if not 0 < len(checked) <= most:
            raise WrongValueError(f"a list of 1 to {most} {what}")
        return checked

    return check_all


def day(value: Any) -> str:
    """Take a day that exists, as `YYYY-MM-DD`."""
    try:
        if not isinstance(value, str) or date.fromisoformat(value).isoformat() != value:
            raise ValueError
    except ValueError:
        raise WrongValueError("a day that exists, as YYYY-MM-DD") from None
    return value


def host(value: Any) -> str:
    """Take a domain name, without scheme, path or port."""
    name = value.strip().lower().rstrip(".") if isinstance(value, str) else ""
    if not _HOST.fullmatch(name):
        raise WrongValueError("a domain name such as example.org")
    return name


def hosts(most: int) -> Check:
    """Take lists of domain names."""
    return list_of(host, "domain names such as example.org, without https:// or a path", most)


def country_code(value: Any) -> str:
    """Take a country by its two letters."""
    code = value.strip().upper() if isinstance(value, str) else ""
    if not re.fullmatch(r"[A-Z]{2}", code):
        raise WrongValueError("a country by its two letters (ISO 3166), such as US")
    return code


def country_of_location(to_country: Check) -> Check:
    """Take OpenAI's `user_location` and keep its country, as `to_country` makes it; or the country alone."""

    def check(value: Any) -> Any:
        if isinstance(value, dict):
            inner = value.get("approximate")
            value = (inner if isinstance(inner, dict) else value).get("country")
        return to_country(value)

    return check
