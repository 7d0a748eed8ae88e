import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ownkey.runtime.failures import RuntimeFaultError
from ownkey.runtime.response import DELIMITER, Pieces, is_proxy_response, render_prelude, render_result, whole_body


@pytest.mark.parametrize(
    ("response", "prelude"),
    [
        ({"statusCode": 200}, {"statusCode": 200}),
        ({"statusCode": "404", "headers": None, "body": "x"}, {"statusCode": 404}),
        ({"statusCode": 200, "headers": {"a": "b", "n": 5}}, {"statusCode": 200, "headers": {"a": "b", "n": "5"}}),
        (
            {"statusCode": 200, "multiValueHeaders": {"a": ["b", True]}, "cookies": ("c=1",)},
            {"statusCode": 200, "multiValueHeaders": {"a": ["b", "true"]}, "cookies": ["c=1"]},
        ),
    ],
)
def test_the_prelude_is_the_head_of_a_proxy_response(response, prelude):
    text, delimiter, rest = render_prelude(response).partition(DELIMITER)
    assert (json.loads(text), delimiter, rest) == (prelude, b"\0" * 8, b"")


@given(st.dictionaries(st.text(), st.text()))
def test_no_header_can_forge_the_delimiter(headers):
    text, _, rest = render_prelude({"statusCode": 200, "headers": headers}).partition(DELIMITER)
    assert rest == b""
    assert json.loads(text).get("headers", {}) == headers


@pytest.mark.parametrize(
    "response",
    [
        {"statusCode": "fine"},
        {"statusCode": None},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"a": object()}},
    ],
)
def test_a_malformed_head_is_a_marshal_error(response):
    with pytest.raises(RuntimeFaultError) as caught:
        render_prelude(response)
    assert caught.value.error_type == "Runtime.MarshalError"


@pytest.mark.parametrize(
    ("response", "body"),
    [
        ({}, b""),
        ({"body": None}, b""),
        ({"body": "grüß"}, "grüß".encode()),
        ({"body": "lone \ud800"}, b"lone ?"),
        ({"body": b"\x00"}, b"\x00"),
        ({"body": bytearray(b"ab")}, b"ab"),
        ({"body": base64.b64encode(b"\xff\x00").decode(), "isBase64Encoded": True}, b"\xff\x00"),
        ({"body": "plain", "isBase64Encoded": False}, b"plain"),
        ({"body": iter([b"a"])}, None),
        ({"body": [b"a"]}, None),
    ],
)
def test_a_body_is_whole_unless_it_is_an_iterator_of_pieces(response, body):
    assert whole_body(response) == body


@pytest.mark.parametrize("response", [{"body": {"a": 1}}, {"body": 5}, {"body": "a", "isBase64Encoded": True}])
def test_a_body_of_another_kind_is_a_marshal_error(response):
    with pytest.raises(RuntimeFaultError):
        whole_body(response)


@pytest.mark.parametrize("result", [None, "statusCode", ["statusCode"], {"status": 200}])
def test_only_an_object_with_a_status_code_is_an_http_response(result):
    assert not is_proxy_response(result)
    assert is_proxy_response({"statusCode": 200})


@pytest.mark.parametrize(
    ("result", "rendered"),
    [
        (None, (b"null", "application/json")),
        ("ß", ('"ß"'.encode(), "application/json")),
        (b"\xff", (b"\xff", "application/unknown")),
    ],
)
def test_a_plain_result_is_json_unless_it_is_bytes(result, rendered):
    assert render_result(result) == rendered


def test_a_result_that_is_not_json_is_a_marshal_error():
    with pytest.raises(
        RuntimeFaultError, match="Unable to marshal response: Object of type object is not JSON serializable"
    ):
        render_result(object())


def test_pieces_are_bytes_whatever_the_handler_yields():
    assert list(Pieces([b"a", "ß", bytearray(b"c"), memoryview(b"d"), b""])) == [b"a", "ß".encode(), b"c", b"d", b""]
    with pytest.raises(TypeError):
        next(Pieces([5]))


def test_closing_runs_what_a_generator_has_in_finally():
    events = []

    def body():
        try:
            yield b"a"
            events.append("never")
        finally:
            events.append("closed")

    pieces = Pieces(body())
    assert next(pieces) == b"a"
    pieces.close()
    assert events == ["closed"]


def test_closing_closes_the_body_and_its_iterator():
    closed = []

    class Body:
        def __iter__(self):
            try:
                yield b"a"
            finally:
                closed.append("iterator")

        def close(self):
            closed.append("body")

    pieces = Pieces(Body())
    next(pieces)
    pieces.close()
    assert closed == ["iterator", "body"]
    Pieces([b"a list has nothing to close"]).close()
