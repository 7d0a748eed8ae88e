"""Where log lines go: standard output, or the descriptor that Lambda gives a managed runtime for framed messages."""

import json
import os
import sys
import time

from ownkey.runtime.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableMapping

ERROR_LEVEL = 40
DESCRIPTOR_VARIABLE = "_LAMBDA_TELEMETRY_LOG_FD"
FRAME_JSON, FRAME_TEXT = 0xA55A0002, 0xA55A0003
TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


class LogSink:
    """Writes log messages so that each stays one message, and knows which call they belong to."""

    __slots__ = ("_descriptor", "level_name", "request_id", "tenant_id", "writes_json")

    def __init__(self, environment: "MutableMapping[str, str]") -> None:
        self.request_id = ""
        self.tenant_id: str | None = None
        self.writes_json = environment.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
        self.level_name = environment.get("AWS_LAMBDA_LOG_LEVEL", "").upper().replace("TRACE", "DEBUG")
        self._descriptor = _usable_descriptor(environment.pop(DESCRIPTOR_VARIABLE, None))

    def write(self, message: str, level: int = 0) -> None:
        """Write a formatted message; the level only tells Lambda what it may filter."""
        if self._descriptor is None:
            sys.stdout.write(message)
            return
        content = message.encode("utf-8", "replace")
        frame_type = (FRAME_JSON if self.writes_json else FRAME_TEXT) + (level // 10 * 4 + 4 if level else 0)
        microseconds = time.time_ns() // 1000
        frame = frame_type.to_bytes(4, "big") + len(content).to_bytes(4, "big") + microseconds.to_bytes(8, "big")
        os.write(self._descriptor, frame + content)

    def write_failure(self, failure: Failure) -> None:
        """Write an error and its traceback as one message."""
        if self.writes_json:
            entry = {"timestamp": time.strftime(TIME_FORMAT, time.gmtime()), "level": "ERROR", **failure.fields()}
            text = json.dumps(entry, ensure_ascii=False)
        else:
            # CloudWatch starts a new message at every line feed, but not at a carriage return.
            text = ("\r" if self._descriptor is None else "\n").join(failure.lines())
        self.write(text + "\n" if self._descriptor is None else text, ERROR_LEVEL)


def _usable_descriptor(value: str | None) -> int | None:
    if value is None:
        return None
    try:
        os.fstat(int(value))
    except (OSError, ValueError):
        return None
    return int(value)
