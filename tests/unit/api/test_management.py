"""The management edge answers in one shape, and never repeats what it was sent."""

import base64
import io
import json
from typing import Any

import pytest
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent
from pydantic import BaseModel, ConfigDict, field_validator

from ownkey.api.management import (
    STANDARD_HEADERS,
    CurrentRequest,
    answer,
    headers_of,
    management_resolver,
    read_body,
    required_query,
)
from ownkey.domain.errors import ForbiddenError, RateLimitedError, StoreUnavailableError
from ownkey.observability import Logger

SENTINEL = "sk-sentinel-0123456789abcdef"


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: str | dict[str, int] | None = None
    count: int = 0
    tags: list[int] = []

    @field_validator("count")
    @classmethod
    def small(cls, count: int) -> int:
        if count > 10:
            raise ValueError("10 at most")
        return count


class Edge:
    """A resolver with one route of each kind, and what it logged."""

    def __init__(self) -> None:
        self.log = io.StringIO()
        self.app: APIGatewayRestResolver = management_resolver(Logger(service="test", stream=self.log))
        self.raises: Exception | None = None
        self.app.post("/thing")(self.post)
        self.app.get("/thing")(self.get)
        self.app.delete("/thing")(self.delete)

    def post(self) -> Response[str]:
        return answer(200, {"count": read_body(self.app, Body).count})

    def get(self) -> Response[str]:
        if self.raises:
            raise self.raises
        return answer(200, headers_of(self.app), cookies=["a=1; Path=/", "b=2; Path=/"])

    def delete(self) -> Response[str]:
        return answer(200, {"id": required_query(self.app, "id")})

    def call(
        self, method: str, path: str = "/thing", **fields: Any
    ) -> tuple[int, dict[str, Any], dict[str, list[str]]]:
        event = {
            "httpMethod": method,
            "path": path,
            "requestContext": {"requestId": "r-000001", "path": path},
            **fields,
        }
        answered = self.app.resolve(event, None)  # type: ignore[arg-type]
        return answered["statusCode"], json.loads(answered["body"]), answered["multiValueHeaders"]


@pytest.fixture
def edge() -> Edge:
    return Edge()


def assert_standard(headers: dict[str, list[str]]) -> None:
    assert {name: values for name, values in headers.items() if name in STANDARD_HEADERS} == {
        name: [value] for name, value in STANDARD_HEADERS.items()
    }
    assert headers["x-request-id"] == ["req_r-000001"]


def test_an_answer_carries_the_standard_headers_and_every_cookie(edge: Edge) -> None:
    status, _, headers = edge.call("GET")

    assert status == 200
    assert_standard(headers)
    assert headers["Set-Cookie"] == ["a=1; Path=/", "b=2; Path=/"]


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (ForbiddenError("Not yours. Ask the owner."), 403, "FORBIDDEN"),
        (StoreUnavailableError("DynamoDB said no"), 503, "UNAVAILABLE"),
        (RuntimeError(SENTINEL), 503, "UNAVAILABLE"),
        (RateLimitedError("Slow down.", retry_after_seconds=7), 429, "RATE_LIMITED"),
    ],
)
def test_every_error_is_flat_and_carries_the_standard_headers(
    edge: Edge, raised: Exception, status: int, code: str
) -> None:
    edge.raises = raised

    answered, body, headers = edge.call("GET")

    assert (answered, body["status"], body["code"]) == (status, status, code)
    assert body.keys() == {"code", "message", "details", "status"}
    assert_standard(headers)
    assert SENTINEL not in json.dumps(body) + edge.log.getvalue()


def test_an_unavailable_answer_says_when_to_come_back(edge: Edge) -> None:
    edge.raises = StoreUnavailableError("down")
    assert int(edge.call("GET")[2]["Retry-After"][0]) > 0


def test_our_own_failures_are_logged_with_their_cause_and_callers_mistakes_are_not(edge: Edge) -> None:
    edge.raises = RuntimeError("table fell over")
    edge.call("GET")
    edge.raises = ForbiddenError("no")
    edge.call("GET")

    lines = [json.loads(line) for line in edge.log.getvalue().splitlines()]
    assert [line["level"] for line in lines] == ["ERROR", "INFO", "INFO"]
    assert "table fell over" in lines[0]["exception"]
    assert {line["request_id"] for line in lines} == {"req_r-000001"}


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("PATCH", "/thing"), ("OPTIONS", "/thing")])
def test_an_unknown_route_is_a_flat_404(edge: Edge, method: str, path: str) -> None:
    status, body, headers = edge.call(method, path)

    assert (status, body["code"], body["details"]) == (404, "NOT_FOUND", {})
    assert_standard(headers)


@pytest.mark.parametrize("body", [None, "", "{", "[]", '"text"', "null", '{"count": NaN}', "[" * 200_000, "1" * 5000])
def test_a_body_that_is_no_json_object_is_refused(edge: Edge, body: str | None) -> None:
    status, answered, _ = edge.call("POST", body=body)
    assert (status, answered["code"]) == (422, "INVALID_INPUT")


@pytest.mark.parametrize("body", ["not base64!", base64.b64encode(b"\xff\xfe").decode()])
def test_a_body_that_does_not_decode_is_refused(edge: Edge, body: str) -> None:
    assert edge.call("POST", body=body, isBase64Encoded=True)[0] == 422


def test_a_base64_body_is_read(edge: Edge) -> None:
    body = base64.b64encode(b'{"count": 3}').decode()
    assert edge.call("POST", body=body, isBase64Encoded=True)[1] == {"count": 3}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"count": SENTINEL}, "count"),
        ({"count": 11}, "count"),
        ({"tags": [1, SENTINEL]}, "tags[1]"),
        ({"key": {"apiKey": SENTINEL}}, "key.str"),
        ({"unknown": SENTINEL}, "unknown"),
        ({SENTINEL: 1}, "[redacted]"),
    ],
)
def test_a_wrong_field_is_named_and_its_value_is_not_repeated(edge: Edge, body: dict[str, Any], field: str) -> None:
    status, answered, _ = edge.call("POST", body=json.dumps(body))

    assert (status, answered["details"]) == (422, {"field": field})
    assert answered["message"].startswith(field)
    assert SENTINEL not in json.dumps(answered) + edge.log.getvalue()


def test_a_missing_query_parameter_is_named(edge: Edge) -> None:
    status, body, _ = edge.call("DELETE", queryStringParameters=None)
    assert (status, body["details"]) == (422, {"field": "id"})
    assert edge.call("DELETE", queryStringParameters={"id": "x"})[1] == {"id": "x"}


def test_headers_have_lower_case_names_and_several_cookies_are_one(edge: Edge) -> None:
    sent: dict[str, Any] = {
        "headers": {"X-Api-Key": "last", "Cookie": "b=2"},
        "multiValueHeaders": {"X-Api-Key": ["first", "last"], "Cookie": ["a=1", "b=2"], "X-Empty": []},
    }
    assert edge.call("GET", **sent)[1] == {"x-api-key": "last", "cookie": "a=1; b=2"}
    assert edge.call("GET", headers=None)[1] == {}


def test_a_call_without_an_id_gets_one() -> None:
    edge = Edge()
    context: Any = object()
    answered = edge.app.resolve({"httpMethod": "GET", "path": "/thing", "requestContext": {}}, context)
    assert answered["multiValueHeaders"]["x-request-id"][0].startswith("req_")


@pytest.mark.parametrize(
    ("domain", "path", "url"),
    [
        (
            "a1.execute-api.eu-central-1.amazonaws.com",
            "/prod/api/teams/x/invitations",
            "https://a1.execute-api.eu-central-1.amazonaws.com/prod/",
        ),
        ("gateway.example.com", "/api/teams", "https://gateway.example.com/"),
        ("example.com", "/ai/api/teams", "https://example.com/ai/"),
    ],
)
def test_the_console_is_where_api_gateway_says_that_the_call_came_in(domain: str, path: str, url: str) -> None:
    app = APIGatewayRestResolver()
    context = {"domainName": domain, "path": path}
    event = {"httpMethod": "GET", "path": "/api/teams", "requestContext": context, "headers": {"Host": "evil.example"}}
    app.current_event = APIGatewayProxyEvent(event)
    assert CurrentRequest(app).console_url == url
