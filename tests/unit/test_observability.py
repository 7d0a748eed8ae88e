import io
import json

import pytest

from ownkey.domain.secrets import Secret
from ownkey.observability import Logger

KEY = "sk-test-0123456789abcdefghij"


def logged(write, level="INFO"):
    stream = io.StringIO()
    write(Logger(service="chat", level=level, stream=stream))
    return stream.getvalue()


def test_a_line_is_json_with_level_service_and_message():
    line = json.loads(logged(lambda log: log.info("hello", tokens=3, model="gpt-4.1")))
    assert (line["level"], line["service"], line["message"], line["tokens"]) == ("INFO", "chat", "hello", 3)


def test_lines_below_the_level_are_not_written():
    assert logged(lambda log: log.info("hello"), level="WARNING") == ""
    assert logged(lambda log: log.debug("hello")) == ""
    assert logged(lambda log: log.warning("hello"), level="WARNING")


@pytest.mark.parametrize(
    "fields",
    [
        {"api_key": KEY},
        {"headers": {"Authorization": f"Bearer {KEY}"}},
        {"note": f"key {KEY} failed"},
        {"items": [{"secret": KEY}]},
        {"credential": Secret(KEY)},
        {"raw": KEY.encode()},
    ],
)
def test_no_field_carries_a_key(fields):
    assert KEY[8:] not in logged(lambda log: log.info("x", **fields))


def test_an_exception_is_logged_with_its_cause_and_without_secrets():
    def fail(log):
        try:
            try:
                raise ValueError(f"Invalid header value b'Bearer {KEY}'")
            except ValueError as exc:
                raise RuntimeError("could not send") from exc
        except RuntimeError as error:
            log.error("failed", error=error, secrets=[Secret(KEY)])

    text = logged(fail)
    assert "RuntimeError: could not send" in text
    assert "ValueError" in text
    assert KEY[8:] not in text
