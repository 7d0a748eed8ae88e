"""Reading what engines send, none of which can be relied on."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from ownkey.domain.search import SearchResult

CONTENT_LIMIT = 100_000
"""The longest content of one result that is kept, in characters."""
HIGHEST_PRICE = 100
"""No search costs more US dollars; who says so is not believed."""
PRICE_DIGITS = 30
"""The most digits behind the point of a price that is believed: a usage record has no place for more."""
TITLE_LIMIT = 500
"""The longest title that is kept, in characters."""
URL_LIMIT = 2_000
"""The longest URL of a page or an image that is kept, in characters. Each mark in an answer repeats it."""
RESULT_LIMIT = 200
"""The most results that are kept of an answer."""

_HIDING = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters and changes of direction, which make a line look like another one."""


class NoAnswerError(Exception):
    """What came is not what the engine's answers look like."""


def rows(payload: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    """Return the objects of the list that every answer has at `name`, where null stands for none.

    Raises:
        NoAnswerError: there is no such list.
    """
    if name not in payload or not isinstance(payload[name], list | None):
        raise NoAnswerError
    return objects(payload[name])


def objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a list; nothing for anything else."""
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict):
            yield item


def child(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the object below `name`, empty when there is none."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def text_of(value: Any) -> str:
    """Return a text as it is, a list of texts line by line, and structured content as JSON; "" for anything else."""
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return _clean("\n".join(value))
    if isinstance(value, list | dict) and value:
        try:
            return _clean(json.dumps(value, ensure_ascii=False, default=float))
        except RecursionError:
            return ""
    return ""


def _clean(text: str) -> str:
    """Return text that can be written as UTF-8, which half a character from a JSON escape cannot."""
    return text.encode("utf-8", "replace").decode().strip()


def _title(value: Any) -> str:
    return _HIDING.sub("", " ".join(text_of(value)[: 2 * TITLE_LIMIT].split())).strip()[:TITLE_LIMIT]


def web_address(value: Any) -> str | None:
    """Return an http or https URL that names nobody before its host, None for anything else."""
    if not isinstance(value, str):
        return None
    url = value.strip()
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    named = parts.scheme.lower() in ("http", "https") and parts.hostname and "@" not in parts.netloc
    return url if named and len(url) <= URL_LIMIT and url.isprintable() and " " not in url else None


def amount(value: Any) -> Decimal | None:
    """Return what a search costs, in US dollars, exactly as it was written; None for what is no such amount."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    money = Decimal(value)
    digits = money.as_tuple().exponent
    believed = isinstance(digits, int) and digits >= -PRICE_DIGITS and 0 <= money <= HIGHEST_PRICE
    return money if believed else None


def page(
    *, url: Any, title: Any = None, content: Any = None, date: Any = None, score: Any = None, image: Any = None
) -> Iterator[SearchResult]:
    """Yield the page, unless it is at no web address."""
    address = web_address(url)
    if address is None:
        return
    yield SearchResult(
        title=_title(title) or address,
        url=address,
        content=text_of(content)[:CONTENT_LIMIT],
        image_url=web_address(image),
        published_at=(text_of(date) or None) if isinstance(date, str) else None,
        score=_score(score),
    )


def picture(*, image: Any, url: Any = None, title: Any = None, content: Any = None) -> Iterator[SearchResult]:
    """Yield the image, unless it is at no web address; `url` is the page that shows it."""
    address = web_address(image)
    if address is None:
        return
    yield SearchResult(
        title=_title(title) or address,
        url=web_address(url) or address,
        content=text_of(content)[:CONTENT_LIMIT],
        kind="image",
        image_url=address,
    )


def _score(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = float(Decimal(value))
    return number if math.isfinite(number) else None
