"""How a failure is told: to the Runtime API as JSON, to the log as the managed runtime's lines.

A handler's exception may say anything, a caller's secret too: its message passes the redactor before it goes anywhere.
"""

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OWN_FOLDER = __file__.rpartition("/")[0] + "/"
TRAILER_MESSAGE_CHARACTERS = 2048
NO_BREAK_SPACE = "\u00a0"


class RuntimeFaultError(Exception):
    """Something the runtime itself has to say about a handler, under one of Lambda's `Runtime.*` names."""

    def __init__(self, error_type: str, message: str, trace: "tuple[str, ...]" = ()) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.trace = trace


class Failure:
    """An exception in the words of Lambda's error JSON, without what must not be told."""

    __slots__ = ("error_type", "message", "request_id", "trace")

    def __init__(self, error: BaseException, request_id: str = "") -> None:
        from ownkey.domain.redaction import redact

        self.request_id = request_id
        if isinstance(error, RuntimeFaultError):
            self.error_type = error.error_type
            self.trace = list(error.trace)
        else:
            self.error_type = type(error).__name__
            self.trace = _trace(error)
        self.message = redact(_message(error))

    def fields(self) -> "dict[str, Any]":
        """Return Lambda's error object."""
        return {
            "errorMessage": self.message,
            "errorType": self.error_type,
            "requestId": self.request_id,
            "stackTrace": self.trace,
        }

    def json(self) -> bytes:
        """Return the body of an error report."""
        return json.dumps(self.fields()).encode()

    def trailer(self) -> str:
        """Return the base64 text that fits into a trailer: the message at most, no trace, which is in the log."""
        import binascii

        fields = {"errorMessage": self.message[:TRAILER_MESSAGE_CHARACTERS], "errorType": self.error_type}
        return binascii.b2a_base64(json.dumps(fields).encode(), newline=False).decode()

    def lines(self) -> "list[str]":
        """Return the log lines; leading spaces become no-break spaces, which log viewers do not swallow."""
        lines = [f"[ERROR] {self.error_type}: {self.message}" if self.message else f"[ERROR] {self.error_type}"]
        lines.append("Traceback (most recent call last):")
        for entry in self.trace:
            for line in entry.splitlines() or [""]:
                text = line.lstrip(" ")
                lines.append(NO_BREAK_SPACE * (len(line) - len(text)) + text)
        return lines


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # an exception may fail even at saying what it is
        return f"<{type(error).__name__} whose message could not be read>"


def _trace(error: BaseException) -> "list[str]":
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    while len(frames) > 1 and frames[0].filename.startswith(OWN_FOLDER):
        del frames[0]
    # As tuples, or the markers under the failing expression would be added, which Lambda's error objects do not have.
    return traceback.format_list([(frame.filename, frame.lineno or 0, frame.name, frame.line) for frame in frames])
