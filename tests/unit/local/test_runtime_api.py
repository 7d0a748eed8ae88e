"""The Runtime API endpoint, spoken to byte for byte by a worker that misbehaves."""

import asyncio
import base64
import contextlib
import json

import pytest

from local.runtime_answers import buffered_answer
from local.runtime_api import InitError, InvocationError, RuntimeApi

TIMEOUT_SECONDS = 10
STREAMED = (
    b"POST /2018-06-01/runtime/invocation/id-1/response HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\n"
    b"lambda-runtime-function-response-mode: streaming\r\n\r\n"
)


class RawWorker:
    """A worker whose every byte a test decides."""

    def __init__(self, api, reader, writer):
        self.api = api
        self.reader = reader
        self.writer = writer

    async def poll(self):
        self.writer.write(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: here\r\n\r\n")
        await until(lambda: self.api.idle)

    async def take(self):
        """Read the event that was handed out."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
        return head, await self.reader.readexactly(length)

    async def status(self):
        head = await self.reader.readuntil(b"\r\n\r\n")
        return int(head.split(b" ")[1])

    def post(self, path, body, *lines):
        head = [b"POST /2018-06-01/runtime/%b HTTP/1.1" % path, b"host: here", *lines]
        self.writer.write(b"\r\n".join([*head, b"content-length: %d" % len(body)]) + b"\r\n\r\n" + body)

    def send_chunk(self, piece):
        self.writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))

    def invoke(self, event=b"{}", request_id="id-1"):
        return asyncio.create_task(
            self.api.invoke(event, request_id=request_id, deadline_epoch_ms=1, function_arn="arn", trace_id="Root=1")
        )


async def until(condition):
    while not condition():
        await asyncio.sleep(0)


def play(scenario):
    """Run a scenario with an endpoint and a raw worker that polls."""

    async def whole():
        api = RuntimeApi()
        await api.start()
        reader, writer = await asyncio.open_connection(*api.address.split(":"))
        worker = RawWorker(api, reader, writer)
        try:
            return await scenario(worker)
        finally:
            worker.writer.close()
            with contextlib.suppress(ConnectionError):
                await worker.writer.wait_closed()
            await api.close()

    return asyncio.run(asyncio.wait_for(whole(), TIMEOUT_SECONDS))


def test_an_event_is_handed_out_with_what_lambda_says_about_it():
    async def scenario(worker):
        await worker.poll()
        worker.invoke(b'{"a":1}')
        return await worker.take()

    head, event = play(scenario)
    assert event == b'{"a":1}'
    for line in (b"request-id: id-1", b"deadline-ms: 1", b"invoked-function-arn: arn", b"trace-id: Root=1"):
        assert line in head
    assert b"tenant" not in head


def test_events_wait_in_line_until_the_worker_polls():
    async def scenario(worker):
        first, second = worker.invoke(b"1", "id-1"), worker.invoke(b"2", "id-2")
        await asyncio.sleep(0)
        events = []
        for number in (b"1", b"2"):
            worker.writer.write(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: here\r\n\r\n")
            events.append((await worker.take())[1])
            worker.post(b"invocation/id-%b/response" % number, b'"done"')
            await worker.status()
            await worker.reader.readexactly(len(b'{"status":"OK"}'))
        return events, [await (await task).read() for task in (first, second)]

    assert play(scenario) == ([b"1", b"2"], [b'"done"'] * 2)


@pytest.mark.parametrize(
    ("pieces", "error_type"),
    [
        ([b"no prelude at all"], "Runtime.MalformedResponse"),
        ([b"not json" + b"\0" * 8], "Runtime.MalformedResponse"),
        ([b"[]" + b"\0" * 8], "Runtime.MalformedResponse"),
        ([b'{"statusCode": "fine"}' + b"\0" * 8], "Runtime.MalformedResponse"),
        ([b"x" * 600_000] * 2, "Runtime.MalformedResponse"),
    ],
)
def test_a_stream_without_a_valid_prelude_is_an_error(pieces, error_type):
    async def scenario(worker):
        await worker.poll()
        invocation = worker.invoke()
        await worker.take()
        worker.writer.write(STREAMED)
        for piece in pieces:
            worker.send_chunk(piece)
        worker.writer.write(b"0\r\n\r\n")
        return await invocation, await worker.status()

    answer, status = play(scenario)
    assert (answer.status, answer.error.error_type, status) == (None, error_type, 202)


def test_a_prelude_may_be_split_anywhere():
    async def scenario(worker):
        await worker.poll()
        invocation = worker.invoke()
        await worker.take()
        worker.writer.write(STREAMED)
        for byte in b'{"statusCode": 201, "cookies": ["a=1"]}' + b"\0" * 9 + b"body":
            worker.send_chunk(bytes([byte]))
        worker.writer.write(b"0\r\n\r\n")
        answer = await invocation
        return answer.status, answer.cookies, await answer.read()

    assert play(scenario) == (201, ["a=1"], b"\0body")


@pytest.mark.parametrize(
    ("trailers", "error_type", "message"),
    [
        (b"lambda-runtime-function-error-type: E\r\n", "E", ""),
        (
            b"lambda-runtime-function-error-type: E\r\nlambda-runtime-function-error-body: "
            + base64.b64encode(json.dumps({"errorMessage": "why"}).encode())
            + b"\r\n",
            "E",
            "why",
        ),
        (b"lambda-runtime-function-error-type: E\r\nlambda-runtime-function-error-body: x\r\n", "E", ""),
    ],
)
def test_trailers_tell_why_a_body_is_not_complete(trailers, error_type, message):
    async def scenario(worker):
        await worker.poll()
        invocation = worker.invoke()
        await worker.take()
        worker.writer.write(STREAMED)
        worker.send_chunk(b'{"statusCode": 200}' + b"\0" * 8 + b"part")
        worker.writer.write(b"0\r\n" + trailers + b"\r\n")
        answer = await invocation
        return await answer.read(), answer.error

    body, error = play(scenario)
    assert (body, error.error_type, error.body["errorMessage"]) == (b"part", error_type, message)


@pytest.mark.parametrize("verb", [b"error", b"response"])
def test_a_worker_that_breaks_off_its_report_is_an_error(verb):
    async def scenario(worker):
        await worker.poll()
        invocation = worker.invoke()
        await worker.take()
        worker.writer.write(
            b"POST /2018-06-01/runtime/invocation/id-1/%b HTTP/1.1\r\nhost: here\r\ncontent-length: 99\r\n\r\n{" % verb
        )
        await asyncio.sleep(0.01)
        worker.writer.transport.abort()
        return (await invocation).error

    assert play(scenario).error_type == "Runtime.TruncatedResponse"


@pytest.mark.parametrize("sent", [STREAMED, STREAMED + b'1b\r\n{"statusCode": 200}' + b"\0" * 8 + b"\r\n"])
def test_a_worker_that_breaks_off_its_stream_is_an_error(sent):
    async def scenario(worker):
        await worker.poll()
        invocation = worker.invoke()
        await worker.take()
        worker.writer.write(sent)
        await asyncio.sleep(0.01)
        worker.writer.transport.abort()
        answer = await invocation
        await answer.read()
        return answer.error

    assert play(scenario).error_type == "Runtime.TruncatedResponse"


def test_closing_the_endpoint_ends_an_answer_that_is_being_read():
    async def scenario(worker):
        await worker.poll()
        invocation = worker.invoke()
        await worker.take()
        worker.writer.write(STREAMED)
        worker.send_chunk(b'{"statusCode": 200}' + b"\0" * 8 + b"part")
        answer = await invocation
        reading = asyncio.create_task(answer.read())
        await worker.api.close()
        return await reading, answer.error

    body, error = play(scenario)
    assert (body, error.error_type) == (b"part", "Runtime.TruncatedResponse")


def test_a_stream_that_nobody_waits_for_is_broken_off():
    async def scenario(worker):
        await worker.poll()
        invocation = worker.invoke()
        await worker.take()
        invocation.cancel()
        await asyncio.sleep(0)
        worker.writer.write(STREAMED)
        with contextlib.suppress(ConnectionResetError):
            return await worker.reader.read()
        return b""

    assert play(scenario) == b""


def test_an_answer_to_no_question_is_refused():
    async def scenario(worker):
        worker.post(b"invocation/id-9/response", b"{}")
        return await worker.status()

    assert play(scenario) == 400


def test_what_is_no_path_of_the_runtime_api_is_not_found():
    async def scenario(worker):
        worker.post(b"elsewhere", b"")
        return await worker.status()

    assert play(scenario) == 404


def test_an_init_error_is_raised_to_whoever_waits_for_the_worker():
    async def scenario(worker):
        worker.post(b"init/error", b'{"errorType": "ImportError", "errorMessage": "no"}')
        with pytest.raises(InitError, match="ImportError: no"):
            await worker.api.wait_until_ready()
        with pytest.raises(InitError):
            await worker.invoke()

    play(scenario)


def test_a_worker_that_ends_before_its_first_poll_never_was_ready():
    async def scenario(worker):
        worker.api.worker_exited(127)
        with pytest.raises(InitError, match="exit status 127"):
            await worker.api.wait_until_ready()

    play(scenario)


def test_a_worker_that_ends_fails_every_event_it_was_to_answer():
    async def scenario(worker):
        await worker.poll()
        tasks = [worker.invoke(request_id="id-1"), worker.invoke(request_id="id-2")]
        await worker.take()
        worker.api.worker_exited(9)
        errors = [(await task).error.error_type for task in tasks]
        with pytest.raises(InvocationError):
            await worker.invoke()
        return errors

    assert play(scenario) == ["Runtime.ExitError"] * 2


def test_an_event_is_not_lost_with_the_connection_that_polled_for_it():
    async def scenario(worker):
        await worker.poll()
        worker.writer.close()
        await worker.writer.wait_closed()
        await until(lambda: not worker.api.idle)
        invocation = worker.invoke(b"kept")
        worker.reader, worker.writer = await asyncio.open_connection(*worker.api.address.split(":"))
        worker.writer.write(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: here\r\n\r\n")
        _, event = await worker.take()
        invocation.cancel()
        return event

    assert play(scenario) == b"kept"


def test_a_reader_that_is_far_behind_makes_the_worker_wait():
    async def scenario(worker):
        await worker.poll()
        invocation = worker.invoke()
        await worker.take()
        worker.writer.write(STREAMED)
        worker.send_chunk(b'{"statusCode": 200}' + b"\0" * 8)
        answer = await invocation
        for _ in range(200):
            worker.send_chunk(b"x" * 100_000)
        worker.writer.write(b"0\r\n\r\n")
        await asyncio.sleep(0.05)
        held = worker.writer.transport.get_write_buffer_size()
        return held, len(await answer.read())

    held, length = play(scenario)
    assert held > 0
    assert length == 20_000_000


@pytest.mark.parametrize(
    ("payload", "status", "body"),
    [
        (b'{"statusCode": 200, "body": "\xc3\x9f"}', 200, b"\xc3\x9f"),
        (b'{"statusCode": 200, "body": "/w==", "isBase64Encoded": true}', 200, b"\xff"),
        (b'{"statusCode": 204}', 204, b""),
        (b'{"message": "plain"}', None, b'{"message": "plain"}'),
        (b"[1]", None, b"[1]"),
        (b"\xff", None, b"\xff"),
    ],
)
def test_a_result_that_was_posted_whole_is_read_as_api_gateway_would(payload, status, body):
    async def scenario():
        answer = buffered_answer(payload)
        return answer.status, answer.error, await answer.read()

    assert asyncio.run(scenario()) == (status, None, body)


@pytest.mark.parametrize("payload", [b'{"statusCode": null}', b'{"statusCode": 200, "headers": 5}'])
def test_a_malformed_proxy_response_is_an_error(payload):
    async def scenario():
        return buffered_answer(payload)

    answer = asyncio.run(scenario())
    assert (answer.status, answer.error.error_type) == (None, "Runtime.MalformedResponse")
