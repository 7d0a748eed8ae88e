import http.client
import json
import socket
import time

import pytest

from tests.support.upstream import (
    FakeUpstream,
    answer,
    chat_chunks,
    chat_completion,
    echoing_error,
    html_error,
    openai_error,
    raw,
    redirect,
    stream,
    tool_call,
    usage,
)


def call(
    upstream: FakeUpstream, path: str, body: bytes = b"{}", connection: http.client.HTTPConnection | None = None
) -> tuple[int, dict[str, str], bytes]:
    used = connection or http.client.HTTPConnection("127.0.0.1", upstream.port, timeout=5)
    try:
        used.request("POST", path, body, {"Authorization": "Bearer sk-secret"})
        response = used.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        if connection is None:
            used.close()


def test_it_answers_by_slug_in_order_and_the_last_reply_for_ever() -> None:
    with FakeUpstream() as upstream:
        upstream.on("groq", answer({"n": 1}), answer({"n": 2}))
        upstream.on("groq/models", answer("models"))
        assert [call(upstream, "/groq/chat")[2] for _ in range(3)] == [b'{"n": 1}', b'{"n": 2}', b'{"n": 2}']
        assert call(upstream, "/groq/models?x=y")[2] == b"models"
        assert call(upstream, "/groqq/chat")[0] == 404
        assert [exchange.slug for exchange in upstream.exchanges][-2:] == ["groq/models", "groqq"]


def test_it_records_what_arrived() -> None:
    with FakeUpstream() as upstream:
        upstream.on("", answer())
        connection = http.client.HTTPConnection("127.0.0.1", upstream.port, timeout=5)
        call(upstream, "/a?b=c", b'{"model": "m"}', connection)
        call(upstream, "/a", connection=connection)
        connection.close()
        first, second = upstream.exchanges_of("")
        assert (first.method, first.path, first.json) == ("POST", "/a?b=c", {"model": "m"})
        assert first.headers["authorization"] == "Bearer sk-secret"
        assert first.connection == second.connection
        assert upstream.connections == 1
        assert not first.hung_up.is_set()


def test_its_errors_are_those_of_providers() -> None:
    with FakeUpstream() as upstream:
        upstream.on("a", html_error(503), echoing_error(401), redirect("https://evil.example"))
        upstream.on("b", openai_error("no", 429, code="rate_limit_exceeded"))
        status, headers, body = call(upstream, "/a")
        assert (status, headers["content-type"]) == (503, "text/html; charset=UTF-8")
        assert body.startswith(b"<!DOCTYPE html>")
        status, _, body = call(upstream, "/a")
        assert status == 401
        assert "Bearer sk-secret" in json.loads(body)["error"]["message"]
        assert call(upstream, "/a")[1]["location"] == "https://evil.example"
        assert json.loads(call(upstream, "/b")[2])["error"]["code"] == "rate_limit_exceeded"


def test_it_streams_and_cuts_and_stalls() -> None:
    with FakeUpstream() as upstream:
        pieces = chat_chunks("Hel", "lo", usage=usage())
        upstream.on("whole", stream(pieces, delay_seconds=0.01))
        upstream.on("cut", stream(pieces, cut_after=2))
        upstream.on("stall", stream(pieces, stall_after=1, stall_seconds=0.05))
        upstream.on("raw", raw(b"HTTP/1.1 200 OK\r\n", b"content-length: 2\r\n\r\nhi"))
        assert call(upstream, "/whole")[2] == b"".join(pieces)
        assert call(upstream, "/raw")[2] == b"hi"
        started = time.monotonic()
        assert call(upstream, "/stall")[2] == b"".join(pieces)
        assert time.monotonic() - started >= 0.05
        with pytest.raises(http.client.IncompleteRead) as cut:
            call(upstream, "/cut")
        assert cut.value.partial == b"".join(pieces[:2])


def test_it_notices_that_the_client_hung_up() -> None:
    with FakeUpstream() as upstream:
        upstream.on("groq", stream([b"x"], stall_after=1))
        connection = socket.create_connection(("127.0.0.1", upstream.port))
        connection.sendall(b"GET /groq HTTP/1.1\r\nhost: x\r\n\r\n")
        connection.recv(4096)
        exchange = upstream.exchanges[0]
        assert not exchange.hung_up.is_set()
        connection.close()
        assert exchange.hung_up.wait(2)
        assert exchange.finished.wait(2)


def test_leaving_the_block_ends_what_stalls() -> None:
    with FakeUpstream() as upstream:
        upstream.on("groq", stream([b"x"], stall_after=1))
        connection = socket.create_connection(("127.0.0.1", upstream.port))
        connection.sendall(b"GET /groq HTTP/1.1\r\nhost: x\r\n\r\n")
        connection.recv(4096)
        started = time.monotonic()
    assert time.monotonic() - started < 1
    connection.close()


def test_bodies_are_of_openais_shape() -> None:
    call = tool_call("weather", {"city": "Berlin"})
    body = chat_completion(None, tool_calls=[call], usage=usage(3, 4, cached=1))
    assert body["choices"][0]["message"]["tool_calls"] == [call]
    assert body["choices"][0]["finish_reason"] == "tool_calls"
    assert body["usage"]["total_tokens"] == 7
    chunks = chat_chunks("a", tool_calls=[call], usage=usage())
    events = [json.loads(chunk.removeprefix(b"data: ")) for chunk in chunks[:-1]]
    assert chunks[-1] == b"data: [DONE]\n\n"
    assert [event["choices"] for event in events][-1] == []
    assert events[-2]["choices"][0]["finish_reason"] == "tool_calls"
    assert events[2]["choices"][0]["delta"]["tool_calls"][0]["index"] == 0
