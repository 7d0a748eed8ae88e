import json

from local.api_definition import Route
from local.http_wire import Request
from local.proxy_event import Call, render_event, response_headers
from local.runtime_api import Answer

ROUTE = Route(method="GET", path="/teams/{team}", function="Teams", streaming=False, timeout_seconds=29)


def event_of(target="/teams/x?a=1&a=2&b=%20&c=", headers=(), body=b"", parameters=None):
    call = Call.of(Request(method="GET", target=target, headers=tuple(headers)))
    return call, json.loads(render_event(call, ROUTE, parameters or {}, body, stage="local"))


def test_an_event_looks_like_api_gateways():
    call, event = event_of(
        headers=[("host", "localhost:1"), ("x-one", "a"), ("x-one", "b"), ("user-agent", "curl")],
        parameters={"team": "x"},
        body='{"ö": 1}'.encode(),
    )

    assert event["resource"] == "/teams/{team}"
    assert (event["path"], event["httpMethod"], event["pathParameters"]) == ("/teams/x", "GET", {"team": "x"})
    assert event["headers"]["x-one"] == "b"
    assert event["multiValueHeaders"]["x-one"] == ["a", "b"]
    assert event["queryStringParameters"] == {"a": "2", "b": " ", "c": ""}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": [" "], "c": [""]}
    assert (event["body"], event["isBase64Encoded"]) == ('{"ö": 1}', False)
    context = event["requestContext"]
    assert (context["requestId"], context["stage"], context["path"]) == (call.request_id, "local", "/local/teams/x")
    assert context["identity"] == {"sourceIp": "127.0.0.1", "userAgent": "curl"}
    assert (context["resourcePath"], context["domainName"]) == ("/teams/{team}", "localhost:1")


def test_what_is_absent_is_null():
    _, event = event_of(target="/teams/x")

    for name in ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "body"):
        assert event[name] is None


def test_a_caller_cannot_say_where_it_calls_from():
    _, event = event_of(headers=[("x-forwarded-for", "203.0.113.1"), ("x-amzn-trace-id", "Root=forged")])

    assert event["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert event["headers"]["x-amzn-trace-id"].startswith("Root=1-")


def test_every_request_has_ids_of_its_own():
    first, _ = event_of()
    second, _ = event_of()

    assert first.request_id != second.request_id
    assert first.trace_id != second.trace_id


def test_answers_keep_repeated_headers_and_lose_those_of_one_connection():
    answer = Answer(
        head={
            "statusCode": 200,
            "headers": {
                "Content-Type": "text/plain",
                "X-Many": "lost",
                "Content-Length": "9",
                "Transfer-Encoding": "x",
            },
            "multiValueHeaders": {"x-many": ["a", "b"]},
            "cookies": ["one=1", "two=2"],
        }
    )

    assert response_headers(answer) == [
        ("Content-Type", "text/plain"),
        ("x-many", "a"),
        ("x-many", "b"),
        ("Set-Cookie", "one=1"),
        ("Set-Cookie", "two=2"),
    ]
