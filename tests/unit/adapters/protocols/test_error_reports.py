import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ownkey.adapters.protocols.error_reports import read_report, report_of

BODIES: list[tuple[Any, str]] = [
    ({"error": {"message": "m", "type": "t", "param": None, "code": "c"}}, "m"),
    ({"error": "m"}, "m"),
    ({"error": {"code": 429}, "message": "m"}, "m"),
    ({"error": [{"code": "x", "msg": "m"}]}, "m"),
    ({"detail": {"error": "m"}}, "m"),
    ({"detail": {"message": "m"}}, "m"),
    ({"detail": "m"}, "m"),
    ({"detail": [{"loc": ["body"], "msg": "m", "type": "t"}, {"msg": "n"}]}, "m; n"),
    ({"message": "m", "type": "t", "param": None, "code": "c"}, "m"),
    ({"status": 403, "title": "Forbidden", "detail": "m"}, "m"),
    ({"status": 403, "title": "Forbidden"}, "Forbidden"),
    ({"code": 20012, "message": "m", "data": None}, "m"),
    ({"code": 401, "reason": "FAILED_TO_AUTH", "message": "m", "metadata": {}}, "m"),
    ([{"error": {"code": 400, "message": "m", "status": "INVALID_ARGUMENT"}}], "m"),
    ("m", "m"),
    ({"error": {"message": "Banner", "details": json.dumps({"error": {"message": "m"}})}}, "Banner: m"),
    ({"error": {"message": "Same", "details": "Same, in words"}}, "Same"),
    ({"error": {"message": "Provider returned error", "metadata": {"raw": "m"}}}, "Provider returned error: m"),
    ({"error": {"message": "Banner", "metadata": {"raw": '{"error":{"message":"m"}}'}}}, "Banner: m"),
    ({}, ""),
    ([], ""),
    (None, ""),
    (12, ""),
    ({"error": {"message": {"not": "text"}}, "detail": None}, ""),
]


@pytest.mark.parametrize(("body", "message"), BODIES)
def test_the_message_is_found_in_every_known_shape(body: Any, message: str) -> None:
    assert read_report(json.dumps(body).encode()).message == message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", ""),
        (b"  \n ", ""),
        (b"Unauthorized: Invalid API key!\n", "Unauthorized: Invalid API key!"),
        (b"upstream <b>connect</b>\n error", "upstream connect error"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b'{"error":', '{"error":'),
        (b"\xef\xbb\xbf" + b'{"error":"m"}', "m"),
        (b"[" * 100_000, "[" * 100_000),
    ],
)
def test_text_that_is_no_json_is_its_own_message(body: bytes, message: str) -> None:
    report = read_report(body)

    assert report.message == message
    assert not report.is_web_page


@pytest.mark.parametrize("page", [b"<html><body>502</body></html>", b"\n<!DOCTYPE html><p>x", b"<?xml version='1.0'?>"])
def test_a_web_page_has_no_message(page: bytes) -> None:
    report = read_report(page)

    assert report.is_web_page
    assert report.message == ""


def test_every_code_is_found_in_lower_case() -> None:
    body = {
        "status_code": 400,
        "error": {
            "code": "Content_Filter",
            "type": None,
            "status": True,
            "innererror": {"code": "ResponsibleAIPolicyViolation"},
            "details": [{"reason": "API_KEY_INVALID"}, "x", {"@type": "RetryInfo", "retryDelay": "17.5s"}],
            "param": "messages[0]",
        },
    }

    report = report_of(body)

    assert report.codes == {"content_filter", "responsibleaipolicyviolation", "api_key_invalid", "400"}
    assert report.status == 400
    assert report.param == "messages[0]"
    assert report.retry_after_seconds == 17.5


@pytest.mark.parametrize(
    ("code", "status"), [(502, 502), ("503", 503), (1113, None), ("rate_limit", None), (200, None), (None, None)]
)
def test_only_a_status_of_an_error_is_one(code: Any, status: int | None) -> None:
    assert report_of({"error": {"code": code, "message": "m"}}).status == status


NAMES = ("error", "detail", "details", "message", "msg", "metadata", "raw", "code", "innererror", "param")


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(NAMES),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_no_shape_of_an_error_body_is_too_odd(body: Any) -> None:
    assert isinstance(read_report(json.dumps(body).encode()).message, str)
