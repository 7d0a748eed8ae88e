import contextlib
import datetime as dt
import gzip
import socket
import ssl
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

import ownkey
from ownkey.adapters import pooling
from ownkey.adapters.egress import EgressPolicy
from ownkey.adapters.transport import HttpResponse, HttpTransport
from ownkey.domain.errors import ProviderFailureError, ProviderTimeoutError, UpstreamError
from ownkey.domain.secrets import Secret
from tests.support.egress import AZURE, DeadlineIn, provider, request_to, transport_to
from tests.support.upstream import FakeUpstream, Reply, answer, html_error, raw, redirect, stream

SECRET = "gsk_do_not_tell_0123456789abcdef"
LONG = DeadlineIn(86_400)  # from when this module is read, long before its tests where all are run


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as running:
        yield running


@pytest.fixture
def transport(upstream: FakeUpstream) -> Iterator[HttpTransport]:
    with transport_to(upstream.base_urls("groq")) as made:
        yield made


def send(transport: HttpTransport, upstream: FakeUpstream, reply: Reply) -> HttpResponse:
    upstream.on("groq", reply)
    return transport.send(request_to(upstream.base_url("groq") + "/chat/completions"), LONG)


def read_all(response: HttpResponse) -> bytes:
    body = response.read(10_000_000)
    response.close()
    return body


def test_a_request_arrives_as_it_was_rendered(upstream: FakeUpstream, transport: HttpTransport) -> None:
    upstream.on("groq", answer({"ok": True}, headers={"X-Request-Id": "7"}))
    headers: dict[str, str | Secret]
    headers = {"Authorization": Secret(f"Bearer {SECRET}"), "Content-Type": "application/json", "Cookie": "no=no"}
    url = upstream.base_url("groq") + "/chat/completions?a=b%20c&d=%7E"
    response = transport.send(request_to(url, headers=headers, body="{“}".encode()), LONG)
    assert (response.status, response.headers["x-request-id"]) == (200, "7")
    assert read_all(response) == b'{"ok": true}'
    (exchange,) = upstream.exchanges
    assert exchange.method == "POST"
    assert exchange.path.startswith("/groq/chat/completions?a=b%20c&d=")
    assert exchange.body == "{“}".encode()
    assert exchange.headers == {
        "host": f"127.0.0.1:{upstream.port}",
        "user-agent": "ownkey",
        "accept-encoding": "identity",
        "authorization": f"Bearer {SECRET}",
        "content-type": "application/json",
        "content-length": "5",
    }


def test_a_get_has_no_body(upstream: FakeUpstream, transport: HttpTransport) -> None:
    upstream.on("groq", answer([]))
    read_all(transport.send(request_to(upstream.base_url("groq") + "/models", method="GET", body=None), LONG))
    assert upstream.exchanges[0].method == "GET"
    assert "content-length" not in upstream.exchanges[0].headers


@pytest.mark.parametrize("status", [200, 400, 401, 404, 429, 500, 503, 529])
def test_every_answer_with_a_body_is_given_back(upstream: FakeUpstream, transport: HttpTransport, status: int) -> None:
    response = send(transport, upstream, answer({"error": "x"}, status, {"Retry-After": "1"}))
    assert response.status == status
    assert read_all(response) == b'{"error": "x"}'
    assert len(upstream.exchanges) == 1


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_redirects_are_not_followed(upstream: FakeUpstream, transport: HttpTransport, status: int) -> None:
    with pytest.raises(ProviderFailureError, match="redirect") as caught:
        send(transport, upstream, redirect(upstream.base_url("elsewhere"), status))
    assert caught.value.upstream_status == status
    assert [exchange.slug for exchange in upstream.exchanges] == ["groq"]


def test_proxies_and_netrc_of_the_environment_are_ignored(
    upstream: FakeUpstream, transport: HttpTransport, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\ndefault login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read_all(send(transport, upstream, answer("fine"))) == b"fine"
    assert upstream.exchanges[0].headers["authorization"] == "Bearer gsk_made_up"


def test_cookies_are_neither_passed_on_nor_sent_back(upstream: FakeUpstream, transport: HttpTransport) -> None:
    response = send(transport, upstream, answer("x", headers={"Set-Cookie": "session=1; Path=/"}))
    assert "set-cookie" not in response.headers
    read_all(response)
    read_all(send(transport, upstream, answer("x")))
    assert "cookie" not in upstream.exchanges[1].headers


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "::1", "fd00:ec2::254"])
def test_a_host_that_leads_inside_is_refused_before_anything_is_sent(upstream: FakeUpstream, address: str) -> None:
    policy = EgressPolicy({"groq": provider(), "azure": AZURE}, resolver=lambda host, port: ["8.8.8.8", address])
    transport = HttpTransport(policy)
    for slug, url in (("groq", "https://api.groq.com/v1"), ("azure", "https://127-0-0-1.openai.azure.com/openai")):
        with pytest.raises(ProviderFailureError, match="may not be called") as caught:
            transport.send(request_to(url, slug=slug), LONG)
        assert address not in "".join(traceback.format_exception(caught.value))
    transport.close()


def test_an_address_that_changes_after_the_check_changes_nothing(upstream: FakeUpstream) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    upstream.on("groq", answer("fine"))
    overrides = {"groq": f"http://localhost:{upstream.port}/groq"}
    with transport_to(overrides, resolver=lambda host, port: next(answers)) as transport:
        response = transport.send(request_to(overrides["groq"]), LONG)
        assert read_all(response) == b"fine"
    assert next(answers) == ["10.0.0.1"]


def test_a_url_outside_the_policy_is_refused(transport: HttpTransport) -> None:
    with pytest.raises(ProviderFailureError, match="Groq may not be called at that address"):
        transport.send(request_to("https://evil.example/v1"), LONG)


HOSTILE_KEYS = [
    f"{SECRET}\n",
    f"{SECRET}\r\nX-Evil: 1",
    f"{SECRET}\x00",
    f"{SECRET}\u2028",
    f"{SECRET}\xe9",
    f"{SECRET}😀",
]


@pytest.mark.parametrize("key", HOSTILE_KEYS)
def test_a_key_that_no_header_can_carry_is_in_no_exception(
    upstream: FakeUpstream, transport: HttpTransport, key: str
) -> None:
    upstream.on("groq", answer())
    for value in (key, Secret(key), Secret(f"Bearer {key}")):
        with pytest.raises(ProviderFailureError) as caught:
            transport.send(request_to(upstream.base_url("groq"), headers={"Authorization": value}), LONG)
        assert SECRET not in "".join(traceback.format_exception(caught.value))
        assert SECRET[:8] not in repr(caught.value)
    assert upstream.exchanges == []


def test_a_header_name_cannot_smuggle_another_header(upstream: FakeUpstream, transport: HttpTransport) -> None:
    for name in ("X-A: 1\r\nX-B", "", "x y", "x:"):
        with pytest.raises(ProviderFailureError):
            transport.send(request_to(upstream.base_url("groq"), headers={name: "1"}), LONG)


def test_a_request_may_name_its_own_agent(upstream: FakeUpstream, transport: HttpTransport) -> None:
    upstream.on("groq", answer())
    read_all(transport.send(request_to(upstream.base_url("groq"), headers={"user-agent": "ownkey/1"}), LONG))
    assert upstream.exchanges[0].headers["user-agent"] == "ownkey/1"


def test_what_libraries_raise_carries_no_request(upstream: FakeUpstream, transport: HttpTransport) -> None:
    with pytest.raises(ProviderFailureError) as caught:
        send(transport, upstream, raw(b"nonsense\r\n\r\n"))
    assert getattr(caught.value.__cause__, "request", None) is None
    assert "gsk_made_up" not in "".join(traceback.format_exception(caught.value))


def test_a_closed_port_is_a_failure(upstream: FakeUpstream) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    with (
        transport_to({"groq": base}) as transport,
        pytest.raises(ProviderFailureError, match="could not be reached") as caught,
    ):
        transport.send(request_to(base), LONG)
    assert caught.value.nothing_sent


def test_a_host_that_does_not_exist_is_a_failure() -> None:
    def resolver(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    base = "http://localhost:9/v1"
    with (
        transport_to({"groq": base}, resolver=resolver) as transport,
        pytest.raises(ProviderFailureError, match="could not be reached") as caught,
    ):
        transport.send(request_to(base), LONG)
    assert caught.value.provider == "groq"
    assert caught.value.nothing_sent


def test_the_next_address_is_tried_when_one_does_not_answer(upstream: FakeUpstream) -> None:
    upstream.on("groq", answer("fine"))
    overrides = {"groq": f"http://localhost:{upstream.port}/groq"}
    with transport_to(overrides, resolver=lambda host, port: ["::1", "127.0.0.1"]) as transport:
        assert read_all(transport.send(request_to(overrides["groq"]), LONG)) == b"fine"


def test_connecting_is_bounded(upstream: FakeUpstream) -> None:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    address = listener.getsockname()
    waiting = [socket.socket() for _ in range(4)]
    for connection in waiting:  # fill the backlog, so that nobody answers any more
        connection.setblocking(False)
        connection.connect_ex(address)
    base = f"http://127.0.0.1:{address[1]}"
    with transport_to({"groq": base}, connect_timeout_seconds=0.1) as transport:
        started = time.monotonic()
        with pytest.raises(ProviderTimeoutError, match="did not answer in time") as caught:
            transport.send(request_to(base), LONG)
        assert time.monotonic() - started < 5
        assert caught.value.nothing_sent
    for connection in [*waiting, listener]:
        connection.close()


def test_sending_is_bounded() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        base = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        started = time.monotonic()
        with transport_to({"groq": base}) as transport, pytest.raises(ProviderTimeoutError) as caught:
            transport.send(request_to(base, body=b"x" * 20_000_000), DeadlineIn(0.1))
        assert time.monotonic() - started < 5
        assert not caught.value.nothing_sent


def test_nothing_is_sent_when_no_time_is_left(upstream: FakeUpstream, transport: HttpTransport) -> None:
    upstream.on("groq", answer())
    with pytest.raises(ProviderTimeoutError):
        transport.send(request_to(upstream.base_url("groq")), DeadlineIn(0))
    assert upstream.exchanges == []


def test_slow_headers_are_a_timeout(upstream: FakeUpstream, transport: HttpTransport) -> None:
    upstream.on("groq", answer("x", headers_after_seconds=30))
    started = time.monotonic()
    with pytest.raises(ProviderTimeoutError) as caught:
        transport.send(request_to(upstream.base_url("groq")), DeadlineIn(0.2))
    assert time.monotonic() - started < 5
    assert not caught.value.nothing_sent
    assert all(exchange.hung_up.wait(5) for exchange in upstream.exchanges)


def test_trickling_headers_do_not_move_the_deadline(upstream: FakeUpstream, transport: HttpTransport) -> None:
    head = [bytes([byte]) for byte in b"HTTP/1.1 200 OK\r\nx: " + b"y" * 500]
    upstream.on("groq", raw(*head, delay_seconds=0.02))
    started = time.monotonic()
    with pytest.raises(ProviderTimeoutError):
        transport.send(request_to(upstream.base_url("groq")), DeadlineIn(0.2))
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("framing", ["chunked", "length", "close"])
def test_a_trickling_body_does_not_move_the_deadline(
    upstream: FakeUpstream, transport: HttpTransport, framing: str
) -> None:
    trickle = Reply(framing=framing, pieces=(b"x",) * 200, delay_seconds=0.02)  # type: ignore[arg-type]
    deadline = DeadlineIn(60)
    upstream.on("groq", trickle)
    response = transport.send(request_to(upstream.base_url("groq")), deadline)
    deadline.end_in(0.15)
    pieces: list[bytes] = []
    with pytest.raises(ProviderTimeoutError):
        pieces.extend(response.iter_bytes())
    response.close()
    assert upstream.exchanges[0].hung_up.wait(2)


@pytest.mark.parametrize("framing", ["chunked", "length", "close"])
def test_a_stall_in_the_body_is_a_timeout(upstream: FakeUpstream, transport: HttpTransport, framing: str) -> None:
    stalling = Reply(framing=framing, pieces=(b"a", b"b"), stall_after=1)  # type: ignore[arg-type]
    deadline = DeadlineIn(60)
    upstream.on("groq", stalling)
    response = transport.send(request_to(upstream.base_url("groq")), deadline)
    body = response.iter_bytes()
    assert next(body) == b"a"
    deadline.end_in(0.05)
    with pytest.raises(ProviderTimeoutError, match="Groq did not answer in time"):
        next(body)
    response.close()


@pytest.mark.parametrize(
    ("framing", "cut_after"), [("chunked", 0), ("chunked", 1), ("chunked", 2), ("length", 0), ("length", 1)]
)
def test_a_body_that_is_cut_off_is_a_failure(
    upstream: FakeUpstream, transport: HttpTransport, framing: str, cut_after: int
) -> None:
    cut = Reply(framing=framing, pieces=(b"a" * 10, b"b" * 10), cut_after=cut_after)  # type: ignore[arg-type]
    response = send(transport, upstream, cut)
    pieces: list[bytes] = []
    with pytest.raises(ProviderFailureError, match="Groq broke off its answer"):
        pieces.extend(response.iter_bytes())
    response.close()
    assert b"".join(pieces) == (b"a" * 10 + b"b" * 10)[: 10 * cut_after]
    with pytest.raises(ProviderFailureError):
        send(transport, upstream, cut).read(1000)


@pytest.mark.parametrize(
    "answer_in_pieces",
    [
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"zz\r\nhello\r\n"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"a\r\nhel"),
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nnope",),
    ],
)
def test_a_malformed_body_is_a_failure(
    upstream: FakeUpstream, transport: HttpTransport, answer_in_pieces: tuple[bytes, ...]
) -> None:
    response = send(transport, upstream, raw(*answer_in_pieces))
    with pytest.raises(ProviderFailureError):
        response.read(1000)
    response.close()


@pytest.mark.parametrize("answered", [b"", b"\r\n", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_an_answer_that_is_not_http_is_a_failure(
    upstream: FakeUpstream, transport: HttpTransport, answered: bytes
) -> None:
    with pytest.raises(ProviderFailureError) as caught:
        send(transport, upstream, raw(answered))
    assert len(upstream.exchanges) == 1, "a new connection gets no second request"
    assert not caught.value.nothing_sent


@pytest.mark.parametrize("framing", ["chunked", "close", "length"])
@pytest.mark.parametrize("flushed", [1, 2, 3])
def test_what_was_flushed_is_seen_before_anything_follows(
    upstream: FakeUpstream, transport: HttpTransport, framing: str, flushed: int
) -> None:
    pieces = tuple(f"data: {number}\n\n".encode() for number in range(4))
    reply = Reply(framing=framing, pieces=pieces, stall_after=flushed)  # type: ignore[arg-type]
    response = send(transport, upstream, reply)
    body, seen = response.iter_bytes(), b""
    while len(seen) < len(b"".join(pieces[:flushed])):
        seen += next(body)
    response.close()
    assert seen == b"".join(pieces[:flushed])


def test_an_unasked_for_encoding_is_undone(upstream: FakeUpstream, transport: HttpTransport) -> None:
    reply = answer(gzip.compress(b"hello " * 1000), headers={"content-encoding": "gzip"})
    assert read_all(send(transport, upstream, reply)) == b"hello " * 1000
    assert send(transport, upstream, reply).read(7) == b"hello h"


def test_reading_stops_at_the_limit(upstream: FakeUpstream, transport: HttpTransport) -> None:
    endless = Reply(framing="chunked", pieces=(b"x" * 50_000,) * 100, stall_after=100)
    response = send(transport, upstream, endless)
    assert response.read(120_000) == b"x" * 120_000
    response.close()
    assert upstream.exchanges[0].finished.wait(2)


def test_a_large_body_is_read_whole(upstream: FakeUpstream, transport: HttpTransport) -> None:
    assert len(read_all(send(transport, upstream, answer(b"x" * 3_000_000)))) == 3_000_000


def test_connections_are_kept_and_used_again(upstream: FakeUpstream, transport: HttpTransport) -> None:
    for reply in (answer("x"), stream([b"a", b"b"]), answer("", 500), answer("y", 401)):
        read_all(send(transport, upstream, reply))
    assert upstream.connections == 1


def test_a_stream_that_is_left_at_its_last_event_keeps_its_connection(
    upstream: FakeUpstream, transport: HttpTransport
) -> None:
    for _ in range(3):
        response = send(transport, upstream, stream([b"data: 1\n\n", b"data: [DONE]\n\n"]))
        for piece in response.iter_bytes():
            if b"[DONE]" in piece:
                break
        response.close()
    assert upstream.connections == 1


def test_closing_hangs_up_and_may_be_repeated(upstream: FakeUpstream, transport: HttpTransport) -> None:
    response = send(transport, upstream, stream([b"a", b"b"], stall_after=1))
    assert next(response.iter_bytes()) == b"a"
    started = time.monotonic()
    response.close()
    assert time.monotonic() - started < 0.5
    assert upstream.exchanges[0].hung_up.wait(2)
    response.close()
    assert list(response.iter_bytes()) == []
    read_all(send(transport, upstream, answer("x")))
    assert upstream.connections == 2


def test_closing_unread_hangs_up(upstream: FakeUpstream, transport: HttpTransport) -> None:
    send(transport, upstream, stream([b"a", b"b"], stall_after=1)).close()
    assert upstream.exchanges[0].hung_up.wait(2)


def test_a_connection_that_was_closed_while_it_rested_is_replaced(
    upstream: FakeUpstream, transport: HttpTransport
) -> None:
    closing = Reply(headers={"content-type": "text/plain"}, pieces=(b"x",), framing="length", cut_after=1)
    read_all(send(transport, upstream, closing))
    assert upstream.exchanges[0].finished.wait(2)
    assert read_all(send(transport, upstream, answer("fine"))) == b"fine"
    assert upstream.connections == 2
    assert len(upstream.exchanges) == 2


class ClosingServer:
    """Answers one request on a connection, reads the next and hangs up on it: what a race with an idle timer is."""

    def __init__(self, *, later_seconds: float = 0.0, part: bytes = b"", only: int = 0) -> None:
        self.requests = 0
        self._only = only
        self._later_seconds = later_seconds
        self._part = part
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "ClosingServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._only -= 1
            if self._only == 0:
                self._listener.close()
            with connection:
                for answered in (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", self._part):
                    if not connection.recv(65536):
                        break
                    self.requests += 1
                    time.sleep(0 if answered.endswith(b"ok") else self._later_seconds)
                    connection.sendall(answered)


def test_a_used_connection_that_breaks_at_once_gets_a_second_request() -> None:
    with ClosingServer() as server, transport_to({"groq": server.url}) as transport:
        for _ in range(2):
            assert read_all(transport.send(request_to(server.url, body=None), LONG)) == b"ok"
        assert server.requests == 3


def test_a_second_request_that_finds_nobody_has_been_sent_once() -> None:
    with ClosingServer(only=1) as server, transport_to({"groq": server.url}) as transport:
        read_all(transport.send(request_to(server.url, body=None), LONG))
        with pytest.raises(ProviderFailureError) as caught:
            transport.send(request_to(server.url, body=None), LONG)
        assert server.requests == 2
    assert not caught.value.nothing_sent


def test_a_used_connection_that_breaks_after_a_byte_gets_no_second_request() -> None:
    with ClosingServer(part=b"HTTP/1.") as server, transport_to({"groq": server.url}) as transport:
        read_all(transport.send(request_to(server.url, body=None), LONG))
        with pytest.raises(ProviderFailureError, match="could not be reached, or hung up"):
            transport.send(request_to(server.url, body=None), LONG)
        assert server.requests == 2


def test_a_used_connection_that_breaks_late_gets_no_second_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooling, "STALE_WITHIN_SECONDS", 0.02)
    with ClosingServer(later_seconds=0.05) as server, transport_to({"groq": server.url}) as transport:
        read_all(transport.send(request_to(server.url, body=None), LONG))
        with pytest.raises(ProviderFailureError):
            transport.send(request_to(server.url, body=None), LONG)
        assert server.requests == 2


def test_a_connection_that_rested_too_long_is_not_used(
    upstream: FakeUpstream, transport: HttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_all(send(transport, upstream, answer("x")))
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + pooling.MAX_IDLE_SECONDS + 1)
    read_all(send(transport, upstream, answer("x")))
    assert upstream.connections == 2


def test_requests_at_the_same_time_do_not_mix(upstream: FakeUpstream, transport: HttpTransport) -> None:
    upstream.on("groq", lambda exchange: answer(exchange.body))
    wrong: list[bytes] = []

    def work(number: int) -> None:
        for turn in range(10):
            body = f"{number}-{turn}".encode() * 100
            response = transport.send(request_to(upstream.base_url("groq"), body=body), LONG)
            if (got := read_all(response)) != body:
                wrong.append(got)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert upstream.connections <= 4


def test_html_is_an_answer_like_any_other_here(upstream: FakeUpstream, transport: HttpTransport) -> None:
    response = send(transport, upstream, html_error(502))
    assert (response.status, response.headers["content-type"]) == (502, "text/html; charset=UTF-8")
    assert read_all(response).startswith(b"<!DOCTYPE html>")


def test_certificates_are_verified(certificate: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cafile=str(certificate))
    with FakeUpstream(tls=tls) as upstream:
        upstream.on("groq", answer("secret enough"))
        base = upstream.base_url("groq")
        with transport_to({"groq": base}) as transport, pytest.raises(ProviderFailureError, match="reached") as caught:
            transport.send(request_to(base), LONG)
        assert upstream.exchanges == []
        assert not caught.value.nothing_sent, "a certificate that is refused once is refused again"
        with transport_to({"groq": base}, tls=trusting) as transport:
            for _ in range(2):
                assert read_all(transport.send(request_to(base), LONG)) == b"secret enough"
        ip = base.replace("localhost", "127.0.0.1")
        with transport_to({"groq": ip}, tls=trusting) as transport, pytest.raises(ProviderFailureError):
            transport.send(request_to(ip), LONG)  # the certificate is localhost's
        assert len(upstream.exchanges) == 2


@pytest.mark.parametrize("shut", [False, True], ids=["nonsense", "hung-up"])
def test_a_broken_handshake_has_sent_nothing(shut: bool) -> None:
    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            if not shut:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        base = f"https://localhost:{listener.getsockname()[1]}"
        with transport_to({"groq": base}) as transport, pytest.raises(ProviderFailureError) as caught:
            transport.send(request_to(base), LONG)
        thread.join()
    assert caught.value.nothing_sent


def test_a_handshake_that_takes_too_long_has_sent_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        base = f"https://localhost:{deaf.getsockname()[1]}"
        with (
            transport_to({"groq": base}, connect_timeout_seconds=0.1) as transport,
            pytest.raises(ProviderTimeoutError) as caught,
        ):
            transport.send(request_to(base), LONG)
    assert caught.value.nothing_sent


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of localhost that nobody signed, and its key, in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - dt.timedelta(1), now + dt.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    path.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + built.public_bytes(pem)
    )
    return path


def test_importing_the_transport_imports_no_http_client() -> None:
    script = "import sys, ownkey.adapters.transport; print({'requests', 'urllib3', 'boto3'} & set(sys.modules))"
    source = str(Path(ownkey.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env={"PYTHONPATH": source}
    )
    assert done.stdout == "set()\n"


def test_only_upstream_errors_come_out(upstream: FakeUpstream, transport: HttpTransport) -> None:
    for reply in (
        raw(b"HTTP/1.1 200 OK\r\ncontent-length: 5, 6\r\n\r\nhello"),
        raw(b"HTTP/1.1 200 OK\r\n" + b"a" * 99999),
    ):
        with pytest.raises(UpstreamError):
            send(transport, upstream, reply).read(10)
