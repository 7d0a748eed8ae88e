"""From what a caller wishes to what an engine is sent: depth and options checked by the engine's table."""

import importlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ownkey.domain.errors import InvalidParameterError, ProviderUnsupportedError, UnknownProviderError
from ownkey.domain.search import SEARCH_ENGINES, SearchOutput, SearchRequest, SearchWish
from ownkey.search.engines.checks import WrongValueError
from ownkey.search.engines.engine import Engine, merged


def engine_named(slug: str, param: str = "") -> Engine:
    """Return the engine, imported when it is first asked for; raises UnknownProviderError."""
    if slug not in SEARCH_ENGINES:
        raise UnknownProviderError(
            f"There is no search engine {slug[:64]!r} here. Choose one of {', '.join(SEARCH_ENGINES)}.",
            param=_path(param, "provider"),
        )
    engine: Engine = importlib.import_module(f"ownkey.search.engines.{slug}").ENGINE
    return engine


def prepared(engine: Engine, wish: SearchWish, *, query: str, output: SearchOutput) -> SearchRequest:
    """Return the request that `engine` is sent; `Searcher.prepare` says the rest."""
    if output == "sourcedAnswer" and not engine.answers:
        raise ProviderUnsupportedError(
            f"{engine.slug} finds pages but writes no answers. Ask for searchResults, or choose another engine.",
            param=_path(wish.param, "outputType"),
        )
    depth = engine.depths.get((wish.depth or "standard").lower())
    if depth is None:
        raise InvalidParameterError(
            f"{engine.slug} knows no depth {str(wish.depth)[:64]!r}. Choose one of {', '.join(engine.depths)}.",
            param=_path(wish.param, "depth"),
        )
    options = _checked(engine, wish)
    request = SearchRequest(
        engine=engine.slug,
        query=_fitted(query, engine, wish.param),
        depth=depth,
        output=output,
        fields=_fields(engine, options, wish.param),
        images=options.get("includeImages") is True,
    )
    if fault := engine.check(request):
        raise InvalidParameterError(fault.message, param=_path(wish.param, fault.option))
    return request


def _checked(engine: Engine, wish: SearchWish) -> dict[str, Any]:
    """Return the options that were given and are right, by their names in camel case."""
    options: dict[str, Any] = {}
    for written, value in _flat(engine, wish.options):
        name = re.sub(r"_([a-z])", lambda match: match[1].upper(), written)
        option = engine.options.get(name)
        param = _path(wish.param, written[:64])
        if option is None:
            raise InvalidParameterError(
                f"{engine.slug} has no option {written[:64]!r}. It has {', '.join(sorted(engine.options))}.",
                param=param,
            )
        if value is None or value == []:
            continue  # no filter
        if name in options:
            raise InvalidParameterError(f"{name} is given in two spellings. Keep one.", param=param)
        try:
            options[name] = option.check(value)
        except WrongValueError as wrong:
            raise InvalidParameterError(f"{param} must be {wrong}.", param=param) from None
    for begin, end in (("fromDate", "toDate"), ("startDate", "endDate")):
        if options.get(begin, "") > options.get(end, "~"):
            raise InvalidParameterError(f"{begin} is after {end}. Swap them.", param=_path(wish.param, begin))
    return options


def _flat(engine: Engine, options: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the options; those that stand in an object (`contents`), by the path to them."""
    for name, value in options.items():
        if isinstance(value, dict) and any(known.startswith(f"{name}.") for known in engine.options):
            yield from ((f"{name}.{inner}", found) for inner, found in value.items())
        else:
            yield name, value


def _fields(engine: Engine, options: Mapping[str, Any], param: str) -> dict[str, Any]:
    """Return the options under the engine's own names, of which each can be said by one option alone."""
    fields: dict[str, Any] = {}
    said: dict[str, str] = {}
    for name, value in options.items():
        path, _, send = engine.options[name]
        sent = send(value)
        if not path or sent is None:
            continue
        if path in said:
            raise InvalidParameterError(
                f"{said[path]} and {name} cannot be combined at {engine.slug}: both are its {path}. Keep one.",
                param=_path(param, name),
            )
        said[path] = name
        for step in reversed(path.split(".")):
            sent = {step: sent}
        fields = merged(fields, sent)
    return fields


def _fitted(query: str, engine: Engine, param: str) -> str:
    """Return the query. One taken from a chat is cut to what the engine takes; one that was written as such is not."""
    query = query.strip()
    if not query:
        raise InvalidParameterError("There is nothing to search for. Write a query.", param="query")
    if len(query) <= engine.query_limit:
        return query
    if not param:
        raise InvalidParameterError(
            f"{engine.slug} takes queries of at most {engine.query_limit} characters. Shorten the query.", param="query"
        )
    cut = query[: engine.query_limit + 1]
    return cut.rsplit(None, 1)[0] if len(cut.split(None, 1)) > 1 else cut[:-1]


def _path(param: str, name: str) -> str:
    return f"{param}.{name}" if param else name
