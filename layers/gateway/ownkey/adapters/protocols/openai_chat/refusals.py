"""Parameters that a model refuses although nobody could know it beforehand: mended once, remembered for a while."""

import re
from collections.abc import Hashable

from ownkey.adapters.protocols.error_reports import ErrorReport
from ownkey.adapters.protocols.wire import Rendered

CAPACITY = 256
"""How many deployments are remembered."""

_TOKEN_LIMITS = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
_DISPENSABLE = frozenset(
    {"temperature", "top_p", "presence_penalty", "frequency_penalty", "logit_bias", "seed", "user", "stream_options"}
    | {"parallel_tool_calls"}
    # Ours, not the caller's: OpenAI gives summaries to verified organisations only.
    | {"reasoning.summary"}
)
_CODES = frozenset({"unsupported_parameter", "unsupported_value", "unknown_parameter"})
_WORDS = re.compile(
    r"(?:unsupported (?:parameter|value)|unrecognized request argument|unknown parameter)(?: supplied)?:? '?(\w+)"
)


class RefusedParameters:
    """What models have refused so far, by deployment. Bounded: the deployment learnt first is forgotten first."""

    def __init__(self) -> None:
        self._refused: dict[Hashable, frozenset[str]] = {}

    def learn(self, key: Hashable, report: ErrorReport) -> bool:
        """Return whether a refusal names a parameter that can be mended and has not been yet."""
        name = _refused_parameter(report)
        known = self._refused.get(key, frozenset())
        if name is None or name in known or _TOKEN_LIMITS.get(name) in known:
            return False
        if key not in self._refused and len(self._refused) >= CAPACITY:
            del self._refused[next(iter(self._refused))]
        self._refused[key] = known | {name}
        return True

    def mend(self, key: Hashable, rendered: Rendered) -> Rendered:
        """Return the request without what is known to be refused."""
        body, dropped = dict(rendered.body), list(rendered.dropped)
        for name in sorted(self._refused.get(key, frozenset())):
            outer, _, inner = name.partition(".")
            if inner and isinstance(held := body.get(outer), dict):
                body[outer] = {field: value for field, value in held.items() if field != inner}
            if name not in body:
                continue
            value = body.pop(name)
            if name in _TOKEN_LIMITS:
                body.setdefault(_TOKEN_LIMITS[name], value)
            elif name != "stream_options":
                dropped.append(name)
        return Rendered(rendered.url_path, body, tuple(dict.fromkeys(dropped)))


def _refused_parameter(report: ErrorReport) -> str | None:
    name = report.param if report.codes & _CODES else None
    if name is None and (match := _WORDS.search(report.message.lower())):
        name = match[1]
    return name if name in _TOKEN_LIMITS or name in _DISPENSABLE else None
