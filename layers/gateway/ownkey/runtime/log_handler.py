"""The root handler of `logging` with the managed runtime's formats. Imported only when the handler logs that way."""

import json
import logging
import time
import traceback
from typing import Any

from ownkey.runtime.log_sink import TIME_FORMAT, LogSink

TEXT_FORMAT = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"aws_request_id", "tenant_id", "message", "asctime"}


class SinkHandler(logging.Handler):
    """Passes records to the log sink, with the id of the call they belong to."""

    def __init__(self, sink: LogSink) -> None:
        super().__init__()
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        record.aws_request_id = self._sink.request_id
        record.tenant_id = self._sink.tenant_id
        filtered = self._sink.writes_json or self._sink.level_name
        self._sink.write(self.format(record), _level(record) if filtered else 0)


class JsonFormatter(logging.Formatter):
    """One JSON object a record, with the managed runtime's field names."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line."""
        fields = {
            "timestamp": time.strftime(TIME_FORMAT, time.gmtime(record.created)),
            "level": logging.getLevelName(_level(record)),
            "message": record.msg if isinstance(record.msg, dict) and not record.args else record.getMessage(),
            "logger": record.name,
            **_exception_fields(record),
            "requestId": getattr(record, "aws_request_id", None),
            "tenantId": getattr(record, "tenant_id", None),
        }
        known = STANDARD_FIELDS | fields.keys()
        extras = {name: value for name, value in vars(record).items() if name not in known}
        entry = {name: value for name, value in (fields | extras).items() if value is not None}
        return json.dumps(entry, ensure_ascii=False, default=str) + "\n"


def add_root_handler(sink: LogSink) -> None:
    """Give the root logger its one handler."""
    text_formatter = logging.Formatter(TEXT_FORMAT, "%Y-%m-%dT%H:%M:%S")
    text_formatter.converter = time.gmtime
    handler = SinkHandler(sink)
    handler.setFormatter(JsonFormatter() if sink.writes_json else text_formatter)
    root = logging.getLogger()
    if sink.level_name in logging.getLevelNamesMapping():
        root.setLevel(sink.level_name)
    root.addHandler(handler)


def _level(record: logging.LogRecord) -> int:
    return min(50, max(0, record.levelno)) // 10 * 10


def _exception_fields(record: logging.LogRecord) -> dict[str, Any]:
    if not record.exc_info or record.exc_info[0] is None:
        return {}
    kind, error, trace = record.exc_info
    return {
        "stackTrace": traceback.format_tb(trace),
        "errorType": kind.__name__,
        "errorMessage": str(error),
        "location": f"{record.pathname}:{record.funcName}:{record.lineno}",
    }
