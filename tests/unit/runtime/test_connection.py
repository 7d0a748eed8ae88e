import socket
import threading
import time
from contextlib import closing

import pytest

from ownkey.runtime.connection import Connection, ConnectionLostError
from tests.support.runtime_peer import peer, read_request, replying

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    ("reply", "body"),
    [
        (OK, b"ok"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b""),
        (b"HTTP/1.1 200\r\ncontent-length:  3 \r\nX: y\r\n\r\nabc", b"abc"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"ok"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n",
            b"ab0123456789",
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b""),
    ],
)
@pytest.mark.parametrize("step", [1, 7, 1000])
def test_an_answer_is_read_however_it_is_framed_and_split(reply, body, step):
    def in_steps(connection):
        read_request(connection)
        for start in range(0, len(reply), step):
            connection.sendall(reply[start : start + step])

    with peer(in_steps) as address, closing(Connection(address)) as connection:
        response = connection.request("GET", "/next")
    assert (response.status, response.body) == (200, body)


def test_the_next_request_uses_the_same_connection():
    with peer(replying(OK, OK, OK)) as address, closing(Connection(address)) as connection:
        statuses = [connection.request("GET", "/").status for _ in range(3)]
    assert statuses == [200, 200, 200]


def test_a_connection_that_the_other_side_closed_is_opened_again():
    last = replying(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    statuses = []
    with peer(replying(OK), last, replying(OK)) as address, closing(Connection(address)) as connection:
        for _ in range(3):
            statuses.append(connection.request("GET", "/").status)
            while not connection._has_ended():  # what is tested is a close that has arrived
                time.sleep(0.001)
    assert statuses == [200, 200, 200]


@pytest.mark.parametrize(
    "reply",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", b"hello\r\n\r\n"],
)
def test_a_broken_answer_is_a_lost_connection(reply):
    with peer(replying(reply)) as address, pytest.raises(ConnectionLostError):
        Connection(address).request("GET", "/")


def test_nobody_listening_is_a_lost_connection():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(ConnectionLostError):
        Connection(address).request("GET", "/")


def test_a_request_says_what_it_was_given():
    requests = []

    def script(connection):
        requests.append(read_request(connection))
        connection.sendall(OK)

    with peer(script) as address, closing(Connection(address)) as connection:
        connection.request("POST", "/there", {"X-Name": "value"}, b"body")
    expected = f"POST /there HTTP/1.1\r\nHost: {address}\r\nX-Name: value\r\nContent-Length: 4\r\n\r\nbody"
    assert requests == [expected.encode()]


def test_sending_to_a_side_that_has_closed_is_noticed_at_once():
    def hang_up(connection):
        connection.recv(65536)

    with peer(hang_up) as address:
        connection = Connection(address)
        connection.send_head("POST", "/", {"Transfer-Encoding": "chunked"})
    with pytest.raises(ConnectionLostError):
        connection.send(b"1\r\na\r\n")
    with pytest.raises(ConnectionLostError):
        connection.send(b"1\r\nb\r\n")


def test_a_side_that_takes_nothing_is_given_up():
    given_up = threading.Event()

    def taking_nothing(connection):
        connection.recv(1)
        assert given_up.wait(10)

    with peer(taking_nothing) as address:
        connection = Connection(address)
        connection.send_head("POST", "/", {"Transfer-Encoding": "chunked"})
        with pytest.raises(ConnectionLostError):
            connection.send(bytes(50_000_000), patience_seconds=0.05)
        given_up.set()


def test_pieces_are_not_held_back_for_the_acknowledgement_of_the_one_before():
    options = []

    class Noted(Connection):
        def send(self, data, patience_seconds=0):
            assert self._socket is not None
            options.append(self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            super().send(data, patience_seconds)

    with peer(replying(OK)) as address, closing(Noted(address)) as connection:
        connection.send_head("POST", "/", {"Transfer-Encoding": "chunked"})
        connection.send(b"0\r\n\r\n")
        connection.read_response()
    assert options[0] != 0
