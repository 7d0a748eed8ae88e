"""What an error body says, in whatever shape it came."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_WEB_PAGE = re.compile(r"\s*<(?:!doctype|html|head|body|\?xml)", re.IGNORECASE)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)s")
_CODE_NAMES = ("code", "type", "reason", "status", "status_code", "statusCode", "tag")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReport:
    """What was found in an error body. Nothing of it has been through the redactor."""

    message: str = ""
    codes: frozenset[str] = frozenset()
    """Every code, type and reason in it, lower case."""
    param: str | None = None
    retry_after_seconds: float | None = None
    is_web_page: bool = False

    @property
    def status(self) -> int | None:
        """The HTTP status that the body itself names."""
        return next((int(code) for code in sorted(self.codes) if re.fullmatch(r"[45]\d\d", code)), None)


def read_report(body: bytes) -> ErrorReport:
    """Return what an HTTP error body says."""
    text = body.decode("utf-8", "replace").lstrip("\ufeff").strip()
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        if _WEB_PAGE.match(text):
            return ErrorReport(is_web_page=True)
        return ErrorReport(message=_one_line(re.sub(r"<[^<>]*>", " ", text)))
    return report_of(value)


def report_of(value: Any) -> ErrorReport:
    """Return what a JSON error body, or an error inside a stream, says."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, str):
        return ErrorReport(message=_one_line(value))
    if not isinstance(value, dict):
        return ErrorReport()
    error = value.get("error")
    if isinstance(error, list):
        error = error[0] if error else None
    inner = error if isinstance(error, dict) else {}
    message = next(_messages(value, error, inner), "")
    hidden = _hidden_message(inner)
    if hidden and hidden not in message:
        message = f"{message}: {hidden}" if message else hidden
    param = inner.get("param", value.get("param"))
    return ErrorReport(
        message=_one_line(message),
        codes=frozenset(_codes(value, inner)),
        param=param if isinstance(param, str) else None,
        retry_after_seconds=_retry_delay(inner),
    )


def _messages(value: dict[str, Any], error: Any, inner: dict[str, Any]) -> Iterator[str]:
    detail = value.get("detail")
    candidates = [inner.get("message"), inner.get("msg"), error]
    if isinstance(detail, dict):
        candidates += [detail.get("error"), detail.get("message")]
    candidates.append(detail)
    if isinstance(detail, list):
        candidates.append("; ".join(str(item["msg"]) for item in detail if isinstance(item, dict) and "msg" in item))
    candidates += [value.get("message"), value.get("title")]
    return (text for text in candidates if isinstance(text, str) and text.strip())


def _hidden_message(inner: dict[str, Any]) -> str:
    """Return the reason that a gateway's own banner stands before."""
    metadata = inner.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    for text, is_text_itself in ((inner.get("details"), False), (raw, True)):
        if not isinstance(text, str):
            continue
        try:
            message = report_of(json.loads(text)).message
        except (ValueError, RecursionError):
            message = text if is_text_itself else ""
        if message:
            return message
    return ""


def _codes(value: dict[str, Any], inner: dict[str, Any]) -> Iterator[str]:
    details = inner.get("details")
    nested = [item for item in details if isinstance(item, dict)] if isinstance(details, list) else []
    innermost = inner.get("innererror")
    for source in (inner, value, *nested, *([innermost] if isinstance(innermost, dict) else [])):
        for name in _CODE_NAMES:
            code = source.get(name)
            if isinstance(code, str | int) and not isinstance(code, bool):
                yield str(code).lower()


def _retry_delay(inner: dict[str, Any]) -> float | None:
    details = inner.get("details")
    for item in details if isinstance(details, list) else ():
        delay = item.get("retryDelay") if isinstance(item, dict) else None
        if isinstance(delay, str) and (match := _DURATION.fullmatch(delay)):
            return float(match[1])
    return None


def _one_line(text: str) -> str:
    return " ".join(text.split())
