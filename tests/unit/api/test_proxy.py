import base64
import json
from types import SimpleNamespace

import pytest

from ownkey.api.proxy import HttpRequest, event_stream_head, json_response, settled_response
from ownkey.domain.errors import InvalidJsonError, InvalidParameterError


def event(body="{}", **changes):
    return {
        "headers": {"Authorization": "Bearer x", "X-Use-Byok": "true"},
        "requestContext": {"requestId": "0b1c2d3e-aaaa-bbbb-cccc-1234567890ab"},
        "body": body,
        "isBase64Encoded": False,
        **changes,
    }


def test_header_names_are_lower_case_and_the_request_id_is_ours():
    request = HttpRequest.from_event(event())
    assert request.headers == {"authorization": "Bearer x", "x-use-byok": "true"}
    assert request.request_id == "req_0b1c2d3e-aaaa-bbbb-cccc-1234567890ab"


@pytest.mark.parametrize("given", [None, "", "short", "with space and more", "x" * 80])
def test_a_strange_request_id_is_replaced(given):
    request = HttpRequest.from_event(event(requestContext={"requestId": given}))
    assert request.request_id.startswith("req_")
    assert str(given) not in request.request_id or not given


def test_an_encoded_body_is_decoded():
    text = json.dumps({"text": "grüß"})
    encoded = event(base64.b64encode(text.encode()).decode(), isBase64Encoded=True)
    assert HttpRequest.from_event(encoded).json_object() == {"text": "grüß"}


@pytest.mark.parametrize("body", [None, "", "{", "[]", '"x"', "1", "[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(body):
    with pytest.raises(InvalidJsonError):
        HttpRequest.from_event(event(body)).json_object()


def test_cookies_in_several_headers_count_as_one():
    sent = event(headers={"Cookie": "b=2"}, multiValueHeaders={"Cookie": ["a=1", "b=2"], "Accept": ["*/*"]})
    assert HttpRequest.from_event(sent).headers == {"cookie": "a=1; b=2"}


@pytest.mark.parametrize("given", ["a/b c", "a%2Fb%20c"])
def test_path_parameters_are_decoded_whoever_does_it(given):
    request = HttpRequest.from_event(event(resource="/x/{id+}", pathParameters={"id": given}))
    assert (request.resource, request.path_parameters) == ("/x/{id+}", {"id": "a/b c"})


@pytest.mark.parametrize(
    ("query", "said"),
    [(None, False), ({}, False), ({"byok": "true"}, True), ({"byok": "True"}, True), ({"byok": "false"}, False)],
)
def test_a_flag_is_true_or_false(query, said):
    assert HttpRequest.from_event(event(queryStringParameters=query)).flag("byok") is said


@pytest.mark.parametrize("value", ["", "1", "yes", "true "])
def test_a_flag_is_nothing_else(value):
    with pytest.raises(InvalidParameterError) as caught:
        HttpRequest.from_event(event(queryStringParameters={"byok": value})).flag("byok")
    assert caught.value.param == "byok"


def test_answers_are_never_stored_by_caches():
    response = json_response(200, {"a": "ü"}, request_id="req_1", headers={"x-extra": "1"})
    assert response["headers"]["Cache-Control"] == "no-store"
    assert response["headers"]["x-request-id"] == "req_1"
    assert response["headers"]["x-extra"] == "1"
    assert response["body"] == '{"a":"\\u00fc"}'


STREAMING = SimpleNamespace(streams_responses=True)


def settled_body(pieces, settled, context):
    return settled_response({"statusCode": 200}, iter(pieces), lambda: settled.append(1), context=context)["body"]


def test_a_body_is_settled_when_it_is_closed_and_once():
    settled: list[int] = []
    body = settled_body([b"a", b"b"], settled, STREAMING)
    assert list(body) == [b"a", b"b"]
    assert settled == []
    body.close()
    body.close()
    assert settled == [1]


def test_a_body_that_nobody_reads_is_settled_too():
    settled: list[int] = []
    settled_body([b"a"], settled, STREAMING).close()
    assert settled == [1]


def test_pieces_stop_before_they_are_settled():
    order: list[str] = []

    def pieces():
        try:
            yield b"a"
        finally:
            order.append("stopped")

    response = settled_response({}, pieces(), lambda: order.append("settled"), context=STREAMING)
    next(iter(response["body"]))
    response["body"].close()
    assert order == ["stopped", "settled"]


def test_a_body_is_joined_and_settled_where_the_runtime_cannot_stream():
    settled: list[int] = []
    assert settled_body([b"data: 1\n\n", b"data: [DONE]\n\n"], settled, object()) == "data: 1\n\ndata: [DONE]\n\n"
    assert settled == [1]


def test_half_a_character_from_a_model_does_not_break_the_answer():
    assert json_response(200, {"a": "\ud83d"}, request_id="r")["body"].encode() == b'{"a":"\\ud83d"}'


def test_an_event_stream_is_not_held_back_by_proxies():
    head = event_stream_head(request_id="r", headers={"x-extra": "1"})["headers"]
    assert head["Content-Type"].startswith("text/event-stream")
    assert (head["X-Accel-Buffering"], head["x-extra"]) == ("no", "1")
