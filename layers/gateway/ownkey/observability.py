"""One JSON line an event, redacted, in the order it happened.

Powertools' Logger costs the chat function more than its whole cold-start budget (docs/adr/0010); this one has the same
field names, so that the same CloudWatch queries work.
"""

import json
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from ownkey.domain.redaction import MASK, redact
from ownkey.domain.secrets import Secret

LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40}

SECRET_FIELD_NAMES = frozenset(
    {"key", "api_key", "apikey", "authorization", "cookie", "set-cookie", "x-api-key", "api-key", "x-goog-api-key"}
    | {"password", "secret", "secretaccesskey", "accesskeyid", "sessiontoken", "token", "credential", "ciphertext"}
)
"""Names whose values are never logged, whatever they hold."""


class Logger:
    """Writes log lines that have been through the redactor."""

    def __init__(self, *, service: str, level: str = "INFO", stream: TextIO | None = None) -> None:
        self._service = service
        self._threshold = LEVELS.get(level.upper(), LEVELS["INFO"])
        self._stream = stream

    def debug(self, message: str, **fields: Any) -> None:
        """Log what only a developer wants to know."""
        self._write("DEBUG", message, fields, ())

    def info(self, message: str, **fields: Any) -> None:
        """Log what happened."""
        self._write("INFO", message, fields, ())

    def warning(self, message: str, **fields: Any) -> None:
        """Log what an operator may want to look at."""
        self._write("WARNING", message, fields, ())

    def error(
        self, message: str, *, error: BaseException | None = None, secrets: Iterable[Secret] = (), **fields: Any
    ) -> None:
        """Log a failure, with the place it came from. Exception texts are redacted too; `secrets` by value."""
        if error is not None:
            fields["exception_name"] = type(error).__name__
            fields["exception"] = _chain(error)
        self._write("ERROR", message, fields, secrets)

    def _write(self, level: str, message: str, fields: Mapping[str, Any], secrets: Iterable[Secret]) -> None:
        if LEVELS[level] < self._threshold:
            return
        secrets = tuple(secrets)
        line = {
            "level": level,
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "service": self._service,
            "message": redact(message, secrets),
        }
        line.update((name, _safe(name, value, secrets)) for name, value in fields.items() if value is not None)
        print(json.dumps(line, default=str), file=self._stream or sys.stdout, flush=True)


def _safe(name: str, value: Any, secrets: tuple[Secret, ...]) -> Any:
    if name.lower() in SECRET_FIELD_NAMES or isinstance(value, Secret | bytes):
        return MASK
    if isinstance(value, Mapping):
        return {str(inner): _safe(str(inner), item, secrets) for inner, item in value.items()}
    if isinstance(value, list | tuple):
        return [_safe("", item, secrets) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value), secrets)


def _chain(error: BaseException) -> str:
    """Return the places an exception passed through, innermost last: files, lines and functions, no local values."""
    import traceback

    parts = []
    seen: BaseException | None = error
    while seen is not None:
        frames = traceback.extract_tb(seen.__traceback__)
        where = " < ".join(
            f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in reversed(frames[-4:])
        )
        parts.append(f"{type(seen).__name__}: {seen} [{where}]")
        seen = seen.__cause__
    return " <- ".join(parts)
