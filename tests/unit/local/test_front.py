"""The front against functions that are scripted here: what a caller sees of whatever they do."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from local.api_definition import ApiDefinition, GatewayResponse, Route
from local.front import Front
from local.http_wire import serve
from local.pool import TooManyWorkersError
from local.runtime_api import Answer, InitError, InvocationError

JSON_TYPE = ("content-type", "application/json")
PLAIN = Route(method="POST", path="/plain", function="F", streaming=False, timeout_seconds=0.2)
STREAMED = Route(method="POST", path="/streamed", function="F", streaming=True, timeout_seconds=0.2)


def gateway_response(status, code):
    return GatewayResponse(
        status=status,
        headers={"x-request-id": "context.requestId", "Retry-After": "'1'"},
        body=json.dumps({"error": {"code": code}}),
    )


API = ApiDefinition(
    (PLAIN, STREAMED),
    {
        "MISSING_AUTHENTICATION_TOKEN": gateway_response(404, "not_found"),
        "REQUEST_TOO_LARGE": gateway_response(413, "too_large"),
        "THROTTLED": gateway_response(429, "throttled"),
        "INTEGRATION_TIMEOUT": gateway_response(504, "timeout"),
        "DEFAULT_5XX": gateway_response(503, "unavailable"),
    },
)


@dataclass
class FakeFunction:
    """A pool of one worker whose answer a test writes."""

    answer: object = None
    """An Answer, an error to raise, or a coroutine function that returns an Answer."""
    timeout_seconds: float = 30
    killed: bool = False
    failed: bool = False
    events: list[dict[str, object]] = field(default_factory=list)

    @property
    def function(self):
        return self

    @asynccontextmanager
    async def worker(self):
        if isinstance(self.answer, TooManyWorkersError | InitError | TimeoutError):
            raise self.answer
        try:
            yield self
        except BaseException:
            self.failed = True
            raise

    async def invoke(self, event, **_):
        self.events.append(json.loads(event))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer if isinstance(self.answer, Answer) else await self.answer()  # type: ignore[operator]

    def kill(self):
        self.killed = True


def whole(body=b"hello", status=200, **head):
    return Answer(head={"statusCode": status, **head}).end(body)


def streamed(*pieces, error=None, ended=True, status=200):
    async def produce():
        answer = Answer(head={"statusCode": status, "headers": {"x-a": "b"}}, streaming=True)
        for piece in pieces:
            await answer.feed(piece)
        if ended:
            answer.end(error=error)
        return answer

    return produce


async def talk(function, request):
    """Return the raw answer to a raw request, and what the front warned of."""
    warnings: list[str] = []
    front = Front(API, {"F": function}, stage="local", warn=warnings.append)
    server = await serve(front.handle)
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request)
        raw = await asyncio.wait_for(reader.read(), 5)
        writer.close()
    finally:
        await server.close()
    return raw, warnings


def ask(function, path="/plain", body=b"{}"):
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n"
    raw, warnings = asyncio.run(talk(function, head.encode() + body))
    head, _, content = raw.partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    status = int(lines[0].split()[1]) if lines[0] else 0
    return status, dict(line.split(": ", 1) for line in lines[1:]), content, warnings


def code(content):
    return json.loads(content)["error"]["code"]


def test_a_whole_answer_comes_back_as_it_is():
    function = FakeFunction(whole(b"hi", 201, headers={"X-One": "1"}, multiValueHeaders={"X-Two": ["2", "3"]}))

    status, headers, content, warnings = ask(function, body=b'{"a": 1}')

    assert (status, headers["x-one"], content, warnings) == (201, "1", b"hi", [])
    assert function.events[0]["body"] == '{"a": 1}'
    assert function.events[0]["resource"] == "/plain"


def test_a_streamed_answer_comes_in_chunks():
    status, headers, content, _ = ask(FakeFunction(streamed(b"one", b"two")), "/streamed")

    assert (status, headers["transfer-encoding"], headers["x-a"]) == (200, "chunked", "b")
    assert content == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"


def test_an_unknown_route_never_reaches_a_function():
    function = FakeFunction(whole())

    status, headers, content, _ = ask(function, "/nowhere")

    assert (status, code(content), function.events) == (404, "not_found", [])
    assert len(headers["x-request-id"]) == 36
    assert headers["retry-after"] == "1"


def test_a_body_over_ten_megabytes_never_reaches_a_function():
    function = FakeFunction(whole())

    status, _, content, _ = ask(function, body=b"x" * (10 * 1024 * 1024 + 1))

    assert (status, code(content), function.events) == (413, "too_large", [])


@pytest.mark.parametrize("path", ["/plain", "/streamed"])
@pytest.mark.parametrize(
    "failure",
    [
        InitError("Runtime.ImportModuleError", {"errorMessage": "no module"}),
        InvocationError("Runtime.ExitError", {"errorMessage": "gone"}),
        TimeoutError("it was not ready within 20 seconds"),
        Answer().end(error=InvocationError("ValueError", {"errorMessage": "boom"})),
        Answer().end(b'"not a proxy response"'),
    ],
)
def test_a_function_that_fails_is_unavailable_and_its_error_is_not_shown(path, failure):
    status, _, content, warnings = ask(FakeFunction(failure), path)

    assert (status, code(content), len(warnings)) == (503, "unavailable", 1)
    assert b"boom" not in content


def test_a_streaming_route_wants_a_streamed_answer_and_others_do_not():
    for path, answer in (("/streamed", whole()), ("/plain", streamed(b"x"))):
        status, _, content, [warning] = ask(FakeFunction(answer), path)

        assert (status, code(content)) == (503, "unavailable")
        assert "did not answer with" in warning


def test_headers_that_no_response_can_have_are_a_failure():
    status, _, content, _ = ask(FakeFunction(whole(headers={"x-a": "b\r\nx-injected: c"})))

    assert (status, code(content)) == (503, "unavailable")


def test_too_many_at_once_is_throttled():
    status, _, content, _ = ask(FakeFunction(TooManyWorkersError("F")))

    assert (status, code(content)) == (429, "throttled")


def test_a_function_that_takes_too_long_is_ended():
    async def never():
        await asyncio.Event().wait()

    function = FakeFunction(never)

    status, _, content, [warning] = ask(function)

    assert (status, code(content)) == (504, "timeout")
    assert function.killed
    assert "ran out of time" in warning


def test_a_stream_that_stalls_too_long_is_broken_off():
    function = FakeFunction(streamed(b"one", ended=False))

    status, _, content, _ = ask(function, "/streamed")

    assert (status, content) == (200, b"3\r\none\r\n")
    assert function.killed


def test_a_stream_that_fails_is_broken_off_so_that_the_caller_sees_it():
    error = InvocationError("ValueError", {"errorMessage": "boom"})

    status, _, content, _ = ask(FakeFunction(streamed(b"one", error=error)), "/streamed")

    assert (status, content) == (200, b"3\r\none\r\n")


@pytest.mark.parametrize("begun", [True, False])
def test_a_caller_that_hangs_up_gives_the_answer_up(begun):
    hung_up: list[str] = []

    async def scenario():
        answering = asyncio.Event()

        async def produce():
            answer = Answer(head={"statusCode": 200}, streaming=True, hang_up=lambda: hung_up.append("abandoned"))
            answering.set()
            if not begun:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    hung_up.append("cancelled")
                    raise
            await answer.feed(b"one")
            return answer

        function = FakeFunction(produce)
        front = Front(API, {"F": function}, stage="local", warn=hung_up.append)  # type: ignore[dict-item]
        server = await serve(front.handle)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST /streamed HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
        await answering.wait()
        if begun:
            await reader.readuntil(b"one\r\n")
        writer.close()
        while not (hung_up and function.failed):
            await asyncio.sleep(0.005)
        await server.close()
        return function

    function = asyncio.run(asyncio.wait_for(scenario(), 5))

    assert hung_up == ["abandoned" if begun else "cancelled"]
    assert not function.killed
