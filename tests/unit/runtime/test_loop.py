"""The loop in this process, against the Runtime API endpoint that the local front uses."""

import asyncio
import io
import json
import os
import sys
from contextlib import closing
from types import SimpleNamespace

import pytest

from local.runtime_api import RuntimeApi
from ownkey.runtime import loop as module
from ownkey.runtime.client import Invocation, RuntimeApiError, RuntimeClient
from ownkey.runtime.log_sink import LogSink
from ownkey.runtime.loop import RuntimeLoop
from tests.support.runtime_peer import peer, replying


def served(handler, event=b'{"n": 1}', times=1, **headers):
    """Let the loop serve `times` invocations; return the last answer with its body, and what the environment became."""

    async def scenario():
        api = RuntimeApi()
        await api.start()
        environment: dict[str, str] = {}
        client = RuntimeClient(api.address)
        loop = RuntimeLoop(client, handler, LogSink({}), environment)
        answers, bodies = [], []
        try:
            for number in range(times):
                serving = asyncio.create_task(asyncio.to_thread(loop.serve_one))
                answers.append(
                    await api.invoke(
                        event, request_id=f"id-{number}", deadline_epoch_ms=0, function_arn="arn", **headers
                    )
                )
                bodies.append(await answers[-1].read())
                await serving
        finally:
            client.close()
            await api.close()
        return answers[-1], bodies[-1], environment

    return asyncio.run(asyncio.wait_for(scenario(), 10))


def test_a_proxy_response_arrives_in_the_streaming_format():
    answer, body, _ = served(lambda event, _: {"statusCode": 201, "headers": {"a": "b"}, "body": json.dumps(event)})
    assert (answer.status, answer.headers, answer.streaming, body) == (201, {"a": "b"}, True, b'{"n": 1}')


def test_a_plain_result_arrives_as_json():
    answer, body, _ = served(lambda event, _: event, times=3)
    assert (answer.status, answer.streaming, body, answer.error) == (None, False, b'{"n": 1}', None)


def test_a_streamed_body_is_closed_after_its_end():
    closed = []

    class Body:
        def __iter__(self):
            return iter([b"a", b"b"])

        def close(self):
            closed.append(True)

    answer, body, _ = served(lambda *_: {"statusCode": 200, "body": Body()})
    assert (answer.streaming, body, closed) == (True, b"ab", [True])


def test_a_failure_to_close_a_body_is_logged_and_no_more(capsys):
    class Body:
        def __iter__(self):
            return iter([b"a"])

        def close(self):
            raise OSError("the meter is broken")

    answer, body, _ = served(lambda *_: {"statusCode": 200, "body": Body()})
    assert (answer.error, body) == (None, b"a")
    assert capsys.readouterr().out.startswith("[ERROR] OSError: the meter is broken\rTraceback")


def test_a_failing_body_ends_in_trailers(capsys):
    def body():
        yield b"a"
        raise LookupError("gone")

    answer, received, _ = served(lambda *_: {"statusCode": 200, "body": body()})
    assert received == b"a"
    assert answer.error is not None
    assert (answer.error.error_type, answer.error.body["errorMessage"]) == ("LookupError", "gone")
    assert "[ERROR] LookupError: gone" in capsys.readouterr().out


@pytest.mark.usefixtures("capsys")
def test_a_failing_handler_is_reported_and_the_next_event_served():
    answer, body, _ = served(lambda event, _: event["missing"], times=2)
    assert answer.error is not None
    assert (answer.error.error_type, body) == ("KeyError", b"")


@pytest.mark.usefixtures("capsys")
def test_an_event_that_is_not_json_is_lambdas_error():
    answer, _, _ = served(lambda event, _: event, event=b"{")
    assert answer.error is not None
    assert answer.error.error_type == "Runtime.UnmarshalError"


def test_the_trace_id_is_in_the_environment_only_while_there_is_one():
    assert served(lambda *_: None, trace_id="Root=1")[2] == {"_X_AMZN_TRACE_ID": "Root=1"}
    assert served(lambda *_: None)[2] == {}


def test_a_result_that_is_too_large_is_refused_and_logged(capsys):
    answer, _, _ = served(lambda *_: "x" * 7_000_000)
    assert answer.error is not None
    assert answer.error.error_type == "Function.ResponseSizeTooLarge"
    assert "[ERROR] Runtime.AnswerRefused: the Runtime API answered 413" in capsys.readouterr().out


def test_a_raw_event_is_handed_on_as_it_is():
    event = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nLambda-Runtime-Aws-Request-Id: 1\r\nContent-Length: 3\r\n\r\na,b"
    )
    seen = []
    script = replying(event, b"HTTP/1.1 202 Accepted\r\n\r\n")
    with peer(script) as address, closing(RuntimeClient(address)) as client:
        RuntimeLoop(client, lambda event, _: seen.append(event), LogSink({}), {}).serve_one()
    assert seen == [b"a,b"]


def test_a_handler_that_ends_the_process_breaks_its_stream_off():
    def body():
        yield b"a"
        sys.exit(3)

    event = b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\nContent-Length: 2\r\n\r\n{}"
    received = []

    def script(connection):
        replying(event)(connection)
        while data := connection.recv(65536):
            received.append(data)

    with peer(script) as address, closing(RuntimeClient(address)) as client, pytest.raises(SystemExit):
        RuntimeLoop(client, lambda *_: {"statusCode": 200, "body": body()}, LogSink({}), {}).serve_one()
    assert b"".join(received).endswith(b"\r\n1\r\na\r\n")


def test_a_runtime_api_that_hands_out_no_events_ends_the_loop():
    refusal = replying(b"HTTP/1.1 403 Forbidden\r\n\r\n")
    with (
        peer(refusal) as address,
        closing(RuntimeClient(address)) as client,
        pytest.raises(RuntimeApiError, match="403"),
    ):
        client.next_invocation()


def test_the_process_ends_when_the_runtime_api_is_gone(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(module, "configure_logging", lambda sink: None)
    with peer() as address:
        pass
    environment = {"AWS_LAMBDA_RUNTIME_API": address, "_HANDLER": "json.dumps"}
    monkeypatch.setattr(os, "environ", environment)
    with pytest.raises(SystemExit, match="does not answer"):
        module.main()


def test_a_handler_that_cannot_be_loaded_is_reported_before_the_process_ends(monkeypatch, capsys):
    reports = []

    def script(connection):
        reports.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 202 Accepted\r\n\r\n")

    with peer(script) as address:
        monkeypatch.setattr(os, "environ", {"AWS_LAMBDA_RUNTIME_API": address, "_HANDLER": "json.nothing"})
        monkeypatch.setattr(module, "configure_logging", lambda sink: None)
        with pytest.raises(SystemExit) as caught:
            module.main()
    assert caught.value.code == 1
    assert reports[0].startswith(b"POST /2018-06-01/runtime/init/error HTTP/1.1\r\n")
    assert b"Lambda-Runtime-Function-Error-Type: Runtime.HandlerNotFound\r\n" in reports[0]
    assert "[ERROR] Runtime.HandlerNotFound" in capsys.readouterr().out


EVENT = (
    b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\nLambda-Runtime-Invocation-Id: i-1\r\n"
    b"Content-Length: 2\r\n\r\n{}"
)


def serve_hanging_up_after(received, handler):
    """Serve one event whose caller hangs up once `received` has arrived; return all that arrived."""
    arrived: list[bytes] = []

    def script(connection):
        replying(EVENT)(connection)
        while received not in b"".join(arrived):
            arrived.append(connection.recv(65536))

    with peer(script) as address, closing(RuntimeClient(address)) as client:
        RuntimeLoop(client, handler, LogSink({}), {}).serve_one()
    return b"".join(arrived)


def test_a_caller_who_hangs_up_closes_the_body_and_is_no_failure(capsys):
    closed = []

    def body():
        try:
            while True:
                yield b"more"
        finally:
            closed.append(True)

    arrived = serve_hanging_up_after(b"more", lambda *_: {"statusCode": 200, "body": body()})
    assert closed == [True]
    assert b"Lambda-Runtime-Invocation-Id: i-1\r\n" in arrived
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "handler",
    [
        lambda *_: {"statusCode": 200, "body": "whole"},
        lambda *_: {"statusCode": 200, "body": iter(())},
        lambda *_: "plain",
    ],
    ids=["whole", "pieces", "plain"],
)
def test_a_caller_who_is_gone_is_no_failure(capsys, handler):
    serve_hanging_up_after(b"POST", handler)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("left_seconds", "patience"), [(900, 885), (40, 25), (12, 1), (-1, 1)])
def test_a_piece_that_nobody_takes_leaves_time_to_close_the_body(monkeypatch, left_seconds, patience):
    monkeypatch.setattr("time.time", lambda: 1_000_000.0)
    sent = []

    class Client(RuntimeClient):
        def __init__(self):
            pass

        def next_invocation(self):
            return Invocation({"lambda-runtime-deadline-ms": str(int((1_000_000 + left_seconds) * 1000))}, b"{}")

        def open_stream(self, invocation, prelude):
            return SimpleNamespace(send=lambda *piece: sent.append(piece), finish=lambda: 202)

    def handler(event, context):
        return {"statusCode": 200, "body": iter([b"a", b"b"])}

    RuntimeLoop(Client(), handler, LogSink({}), {}).serve_one()
    assert sent == [(b"a", patience), (b"b", patience)]


def test_a_body_is_closed_when_the_answer_cannot_even_begin():
    closed = []

    class Body:
        def __iter__(self):
            return iter([b"never"])

        def close(self):
            closed.append(True)

    def handler(*_):
        return {"statusCode": 200, "body": Body()}

    with peer(replying(EVENT)) as address, closing(RuntimeClient(address)) as client:
        RuntimeLoop(client, handler, LogSink({}), {}).serve_one()
    assert closed == [True]


def test_an_interrupt_ends_the_process_quietly(monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(json, "interrupted", interrupted, raising=False)
    monkeypatch.setattr(module, "configure_logging", lambda sink: None)
    with peer(replying(EVENT)) as address:
        monkeypatch.setattr(os, "environ", {"AWS_LAMBDA_RUNTIME_API": address, "_HANDLER": "json.interrupted"})
        with pytest.raises(SystemExit) as caught:
            module.main()
    assert caught.value.code == 130


def test_snap_start_passes_the_snapshot_before_the_first_event(monkeypatch):
    asked = []

    def script(connection):
        for _ in range(2):
            asked.append(connection.recv(65536).split(b" ")[1])
            connection.sendall(EVENT)

    variables = {"_HANDLER": "json.exits", "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}
    monkeypatch.setattr(json, "exits", lambda *_: sys.exit(0), raising=False)
    monkeypatch.setattr(module, "configure_logging", lambda sink: None)
    with peer(script) as address:
        monkeypatch.setattr(os, "environ", {"AWS_LAMBDA_RUNTIME_API": address, **variables})
        with pytest.raises(SystemExit):
            module.main()
    assert asked == [b"/2018-06-01/runtime/restore/next", b"/2018-06-01/runtime/invocation/next"]


@pytest.mark.usefixtures("capsys")
def test_a_malformed_response_is_reported_and_its_body_closed():
    closed = []

    class Body:
        def close(self):
            closed.append(True)

    answer, _, _ = served(lambda *_: {"statusCode": "fine", "body": Body()})
    assert answer.error is not None
    assert (answer.error.error_type, closed) == ("Runtime.MarshalError", [True])
