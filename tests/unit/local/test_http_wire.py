import asyncio
import contextlib

import pytest

from local.http_wire import BodyTooLargeError, HungUpError, serve

TIMEOUT_SECONDS = 10


@contextlib.asynccontextmanager
async def client_of(handle):
    """Serve with a handler, and yield a client's two ends."""
    server = await serve(handle)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        await server.close()


def talk(handle, *requests, until=b""):
    """Send requests one after the other on one connection, and return what came back before it was closed or quiet."""

    async def scenario():
        async with client_of(handle) as (reader, writer):
            received = b""
            for request in requests:
                writer.write(request)
                received += await reader.readuntil(until) if until else await reader.read()
            return received

    return asyncio.run(asyncio.wait_for(scenario(), TIMEOUT_SECONDS))


async def echo(connection, request):
    body = await connection.read_body(max_bytes=1000)
    await connection.respond(200, [("x-target", request.target), ("x-name", request.header("name") or "")], body + b"~")


def request_of(body=b"", *lines, method=b"POST"):
    head = [method + b" /a?b=c HTTP/1.1", b"host: here", *lines, b"content-length: %d" % len(body)]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def test_requests_are_answered_one_after_the_other_on_one_connection():
    received = talk(echo, request_of(b"one", b"Name: value"), request_of(b"two"), until=b"~")
    first, second = received.split(b"~")[:2]
    assert first.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"x-target: /a?b=c\r\nx-name: value\r\ncontent-length: 4\r\n\r\none" in first
    assert second.endswith(b"\r\n\r\ntwo")


def test_pipelined_requests_wait_their_turn():
    assert talk(echo, request_of(b"one") + request_of(b"two", b"connection: close")).count(b"HTTP/1.1 200 OK") == 2


def test_a_connection_is_closed_when_the_client_asks_for_it():
    assert talk(echo, request_of(b"one", b"connection: close")).endswith(b"\r\n\r\none~")


def test_a_chunked_body_arrives_piece_by_piece_with_its_trailers():
    arrived: asyncio.Queue[object] = asyncio.Queue()

    async def handle(connection, request):
        async for piece in connection.pieces():
            await arrived.put(piece)
        await arrived.put(connection.trailers)
        await connection.respond(202)

    async def scenario():
        async with client_of(handle) as (reader, writer):
            writer.write(b"POST / HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\ntrailer: x\r\n\r\n1\r\na\r\n")
            first = await arrived.get()
            writer.write(b"2\r\nbc\r\n")
            second = await arrived.get()
            writer.write(b"0\r\nX: why\r\n\r\n")
            return first, second, await arrived.get(), await reader.readuntil(b"\r\n\r\n")

    first, second, trailers, answer = asyncio.run(asyncio.wait_for(scenario(), TIMEOUT_SECONDS))
    assert (first, second, trailers) == (b"a", b"bc", (("x", "why"),))
    assert answer.startswith(b"HTTP/1.1 202 Accepted\r\n")


def test_a_streamed_answer_goes_out_piece_by_piece():
    may_go_on = asyncio.Event()

    async def handle(connection, request):
        await connection.start(200, [("content-type", "text/event-stream")])
        await connection.send(b"first")
        await may_go_on.wait()
        await connection.send(b"second")
        await connection.finish()

    async def scenario():
        async with client_of(handle) as (reader, writer):
            writer.write(request_of(method=b"GET"))
            first = await reader.readuntil(b"first\r\n")
            may_go_on.set()
            return first, await reader.readuntil(b"0\r\n\r\n")

    first, rest = asyncio.run(asyncio.wait_for(scenario(), TIMEOUT_SECONDS))
    assert b"content-type: text/event-stream\r\n" in first
    assert rest == b"6\r\nsecond\r\n0\r\n\r\n"


def test_an_answer_to_head_and_a_204_have_no_body():
    async def handle(connection, request):
        if request.method == "HEAD":
            await connection.start(200)
            await connection.send(b"hidden")
            await connection.finish()
        else:
            await connection.respond(204, body=b"hidden")

    requests = request_of(method=b"HEAD") + request_of(b"", b"connection: close")
    received = talk(handle, requests)
    assert b"hidden" not in received
    assert received.count(b"HTTP/1.1") == 2


def test_a_body_that_nobody_read_does_not_spoil_the_connection():
    async def handle(connection, request):
        await connection.respond(404, body=b"~")

    assert talk(handle, request_of(b"x" * 500_000), request_of(b"y"), until=b"~").count(b"404 Not Found") == 2


def test_a_body_beyond_the_limit_is_told_from_the_others():
    async def handle(connection, request):
        with pytest.raises(BodyTooLargeError):
            await connection.read_body(max_bytes=10)
        await connection.respond(413, body=b"~")

    assert b"413 " in talk(handle, request_of(b"x" * 1_000_000), until=b"~")


def test_a_client_that_waits_for_permission_to_send_gets_it():
    async def scenario():
        async with client_of(echo) as (reader, writer):
            head, _, body = request_of(b"body", b"expect: 100-continue").partition(b"\r\n\r\n")
            writer.write(head + b"\r\n\r\n")
            permission = await reader.readuntil(b"\r\n\r\n")
            writer.write(body)
            return permission, await reader.readuntil(b"~")

    permission, answer = asyncio.run(asyncio.wait_for(scenario(), TIMEOUT_SECONDS))
    assert permission.startswith(b"HTTP/1.1 100 Continue\r\n")
    assert answer.endswith(b"body~")


@pytest.mark.parametrize(
    "garbage", [b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"G" * 300_000, b"G" * 5_000_000]
)
def test_what_is_not_http_is_refused_and_cut_off(garbage):
    received = talk(echo, garbage)
    assert received.startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))


def hang_up_scenario(handle, head):
    """Let a client send the head of a request and go away; return what the handler saw."""
    seen: asyncio.Queue[str] = asyncio.Queue()

    async def scenario():
        async def noted(connection, request):
            try:
                await handle(connection)
            except HungUpError:
                await seen.put("hung up")
                raise

        async with client_of(noted) as (_, writer):
            writer.write(head)
            await asyncio.sleep(0.01)
            writer.close()
            return await seen.get()

    return asyncio.run(asyncio.wait_for(scenario(), TIMEOUT_SECONDS))


async def reads_on(connection):
    await connection.read_body(max_bytes=1000)


async def sends_on(connection):
    await connection.start(200)
    while True:
        await connection.send(b"x" * 100_000)


async def waits(connection):
    await connection.hung_up
    await connection.respond(200)


@pytest.mark.parametrize("handle", [reads_on, sends_on, waits])
def test_a_client_that_hangs_up_is_one_exception_wherever_the_handler_is(handle):
    head = b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 10\r\n\r\n"
    assert hang_up_scenario(handle, head) == "hung up"


def test_a_reader_that_is_slow_makes_the_sender_wait():
    sent = 0

    async def handle(connection, request):
        nonlocal sent
        await connection.start(200, [("content-length", "50000000")])
        for _ in range(500):
            await connection.send(b"x" * 100_000)
            sent += 1
        await connection.finish()

    async def scenario():
        async with client_of(handle) as (reader, writer):
            writer.write(request_of(method=b"GET"))
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(0.05)
            sent_before_reading = sent
            await reader.readexactly(50_000_000)
            return sent_before_reading

    assert asyncio.run(asyncio.wait_for(scenario(), TIMEOUT_SECONDS)) < 500
    assert sent == 500


def test_a_handler_that_fails_breaks_the_connection_and_is_reported():
    reports = []

    async def handle(connection, request):
        raise LookupError("a bug")

    async def scenario():
        asyncio.get_running_loop().set_exception_handler(lambda _, report: reports.append(report))
        async with client_of(handle) as (reader, writer):
            writer.write(request_of())
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""

    asyncio.run(asyncio.wait_for(scenario(), TIMEOUT_SECONDS))
    assert [str(report["exception"]) for report in reports] == ["a bug"]


def test_an_aborted_answer_is_a_broken_connection_for_the_client():
    async def handle(connection, request):
        await connection.start(200)
        await connection.send(b"part")
        connection.abort()

    async def scenario():
        async with client_of(handle) as (reader, writer):
            writer.write(request_of())
            received = b""
            with contextlib.suppress(ConnectionResetError):
                received = await reader.read()
            return received

    assert not asyncio.run(asyncio.wait_for(scenario(), TIMEOUT_SECONDS)).endswith(b"0\r\n\r\n")
