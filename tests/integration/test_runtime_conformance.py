"""Our runtime loop beside the managed runtime's client: same handlers, same Runtime API, same things arrive."""

import asyncio
import json
import os
import subprocess
import sys
import time

import pytest

from tests.support.runtime_workers import BUDGET_MS, ROOT, STAMP, environment, run_once, worker

RUNTIMES = ("ours", "stock")
JSON_LOGS = {"AWS_LAMBDA_LOG_FORMAT": "JSON"}
EVENT = {"text": "ß", "why": "no reason", "count": 3, "at_most_ms": BUDGET_MS}
SHOPPING_CONTEXT = {
    "custom": {"a": 1},
    "env": {"locale": "de"},
    "client": {"app_title": "Shop"},
    "w3c": {"traceparent": "00-abc", "tracestate": 5, "other": "x"},
}
CALLER = {
    "client_context": json.dumps(SHOPPING_CONTEXT),
    "cognito_identity": json.dumps({"cognitoIdentityId": "me", "cognitoIdentityPoolId": "pool"}),
    "tenant_id": "tenant-1",
}


SECRET = "sk-live-0123456789abcdefghij"
SNAP_START = {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}


@pytest.mark.parametrize(
    ("handler", "options"),
    [
        ("whole.ok", {}),
        ("whole.no_body", {}),
        ("whole.unicode", {}),
        ("whole.binary", {}),
        ("whole.many_headers", {}),
        ("whole.large", {}),
        ("whole.echo", {}),
        ("whole.nothing", {}),
        ("whole.raw", {}),
        ("whole.trace", {}),
        ("whole.describe", {}),
        ("whole.describe", {"headers": CALLER}),
        ("whole.describe", {"headers": {"client_context": "{"}}),
        ("streamed.pieces", {}),
        ("failing.raises", {}),
        ("failing.chained", {}),
        ("failing.silent", {}),
        ("failing.unserialisable", {}),
        ("failing.exits", {}),
        ("failing.raises", {"variables": JSON_LOGS}),
        ("broken_import.lambda_handler", {}),
        ("missing_dependency.lambda_handler", {}),
        ("no_such_module.lambda_handler", {}),
        ("whole.no_such_function", {}),
        ("sys.exit", {}),
        ("logged.prints", {}),
        ("logged.logs", {}),
        ("logged.logs", {"variables": {"AWS_LAMBDA_LOG_LEVEL": "WARNING"}}),
        ("logged.logs_exception", {}),
        ("logged.through_context", {}),
        ("snapped.lambda_handler", {"variables": SNAP_START}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value) or "plain",
)
def test_both_runtimes_send_and_log_the_same(handler, options):
    ours, stock = (run_once(runtime, handler, EVENT, **options) for runtime in RUNTIMES)
    assert ours == stock


@pytest.mark.parametrize("handler", ["logged.logs", "logged.logs_exception"])
def test_both_runtimes_log_the_same_json(handler):
    ours, stock = (
        [json.loads(line) for line in run_once(runtime, handler, variables=JSON_LOGS).output] for runtime in RUNTIMES
    )
    assert ours == stock
    assert len(ours) > 0


def test_both_runtimes_say_the_same_about_a_syntax_error(tmp_path):
    (tmp_path / "torn.py").write_text("def lambda_handler(event, context:\n    return 1\n")
    ours, stock = (run_once(runtime, "torn.lambda_handler", folder=tmp_path) for runtime in RUNTIMES)
    assert ours == stock
    assert ours.error_type == "Runtime.UserCodeSyntaxError"


def test_both_runtimes_refuse_an_event_that_is_not_json():
    async def error(runtime):
        async with worker(runtime, "whole.echo") as running:
            answer = await running.invoke(raw_event=b"{")
            assert answer.error is not None
            return answer.error.error_type, answer.error.body["errorMessage"].partition(":")[0]

    ours, stock = (asyncio.run(error(runtime)) for runtime in RUNTIMES)
    assert ours == stock == ("Runtime.UnmarshalError", "Unable to unmarshal input")


@pytest.mark.parametrize("handler", ["logged.logs", "failing.raises"])
@pytest.mark.parametrize("variables", [{}, JSON_LOGS, {"AWS_LAMBDA_LOG_LEVEL": "INFO"}], ids=str)
def test_both_runtimes_frame_log_messages_alike(handler, variables):
    ours, stock = (framed(runtime, handler, variables) for runtime in RUNTIMES)
    assert ours == stock
    assert ours.count(b"\xa5\x5a\x00") > 0


def framed(runtime, handler, variables):
    """Return what arrives on the descriptor that Lambda gives for log messages, without times."""
    reading, writing = os.pipe()
    try:
        descriptor = {"_LAMBDA_TELEMETRY_LOG_FD": str(writing)}
        outcome = run_once(runtime, handler, EVENT, variables=variables | descriptor, descriptors=(writing,))
        assert outcome.output == []
        received = os.read(reading, 65536)
    finally:
        os.close(reading)
        os.close(writing)
    frames = []
    while received:
        length = int.from_bytes(received[4:8], "big")
        frames.append(received[:4] + STAMP.sub("TIME", received[16 : 16 + length].decode()).encode())
        received = received[16 + length :]
    return b"|".join(frames)


def test_the_managed_runtimes_lines_are_what_we_think_they_are():
    """Two empty logs would be equal too."""
    failed = run_once("ours", "failing.raises", EVENT)
    assert failed.error_type == "UpstreamBrokeError"
    assert failed.error["errorMessage"] == "it broke: no reason"
    assert failed.error["stackTrace"][-1].endswith("""raise UpstreamBrokeError(f"it broke: {event['why']}")\n""")
    (line,) = failed.output
    assert line.startswith(
        "[ERROR] UpstreamBrokeError: it broke: no reason\rTraceback (most recent call last):\r\xa0\xa0F"
    )
    assert run_once("ours", "logged.logs").output[0] == "[INFO]\tTIME\tthe-request\thello there"
    assert run_once("ours", "logged.prints").output == ["one line", "grüß dich"]


def test_a_failed_import_ends_the_process_with_the_managed_runtimes_report():
    outcome = run_once("ours", "broken_import.lambda_handler")
    assert outcome.error_type == outcome.init_error["errorType"] == "ConnectionRefusedError"
    assert outcome.init_error["errorMessage"] == "nobody there at import"
    assert "_connect()" in outcome.init_error["stackTrace"][-2]
    assert outcome.exit_code == 1


def test_every_http_response_of_ours_is_in_the_streaming_format():
    assert run_once("ours", "whole.ok").streaming
    assert run_once("ours", "streamed.pieces", EVENT).streaming
    assert not run_once("ours", "whole.echo", EVENT).streaming


def test_a_failed_hook_after_the_restore_ends_the_process():
    ours, stock = (run_once(runtime, "snapped_badly.lambda_handler", variables=SNAP_START) for runtime in RUNTIMES)
    assert ours.exit_code == stock.exit_code == 65
    assert ours.error_type == stock.error_type == "Runtime.AfterRestoreError"
    assert [ours.output[0].split("\r")[line] for line in (0, 1, -1)] == [
        stock.output[0].split("\r")[line] for line in (0, 1, -1)
    ]


def test_pieces_arrive_one_by_one(tmp_path):
    """The handler makes a piece only after the one before has arrived here."""

    async def scenario():
        async with worker("ours", "streamed.gated") as running:
            answer = await running.invoke({"folder": str(tmp_path), "count": 4})
            received = []
            async for piece in answer.pieces():
                received.append(piece)
                (tmp_path / str(len(received))).touch()
            return received, answer.error

    assert asyncio.run(scenario()) == ([b"0", b"1", b"2", b"3"], None)


def test_odd_pieces_arrive_as_they_are():
    outcome = run_once("ours", "streamed.odd_pieces")
    assert outcome.body == b"text" + b"\0" * 8 + b"array" + b"x" * 200_000
    assert run_once("ours", "streamed.nothing").body == b""


@pytest.mark.parametrize(
    ("handler", "body", "error_type"),
    [
        ("streamed.fails_midway", b"first", "RuntimeError"),
        ("streamed.fails_at_once", b"", "RuntimeError"),
        ("streamed.not_bytes", b"first", "TypeError"),
    ],
)
def test_a_failure_within_the_body_goes_into_the_trailers_and_the_log(handler, body, error_type):
    outcome = run_once("ours", handler, {"secret": SECRET})
    assert (outcome.head[0], outcome.body, outcome.error_type) == (200, body, error_type)
    assert outcome.error["errorType"] == error_type
    assert outcome.output[0].startswith(f"[ERROR] {error_type}: ")
    assert SECRET not in str(outcome)


def test_a_secret_in_an_exception_reaches_neither_the_log_nor_the_answer():
    outcome = run_once("ours", "failing.leaks", {"secret": SECRET})
    assert outcome.error_type == "ValueError"
    assert "0123456789abcdefghij" not in str(outcome)
    assert "upstream said: Incorrect API key provided: [redacted]" in outcome.output[0]


def test_a_caller_who_hangs_up_closes_the_body_and_the_worker_goes_on(tmp_path):
    async def scenario():
        async with worker("ours", "streamed.endless") as running:
            answer = await running.invoke({"folder": str(tmp_path)})
            await anext(answer.pieces())
            answer.abandon()
            await appears(tmp_path / "closed")
            again = await running.invoke({"folder": str(tmp_path)})
            first = await anext(again.pieces())
            again.abandon()
            return first, running

    first, running = asyncio.run(scenario())
    assert first.startswith(b"more")
    assert running.output == []


def test_a_caller_who_gives_up_before_the_answer_begins_does_not_stop_the_worker(tmp_path):
    async def scenario(runtime):
        async with worker(runtime, "streamed.pieces") as running:
            waiting = asyncio.create_task(running.invoke({"count": 3}))
            while running.api.idle:
                await asyncio.sleep(0)
            waiting.cancel()
            return await (await running.invoke({"count": 1})).read()

    assert [asyncio.run(scenario(runtime)) for runtime in RUNTIMES] == [b"data: 0\n\n"] * 2


def test_a_body_is_closed_after_its_last_byte_has_arrived(tmp_path):
    """What a body does when it is closed keeps no caller waiting."""

    async def scenario():
        async with worker("ours", "streamed.metered") as running:
            answer = await running.invoke({"folder": str(tmp_path)})
            body = await answer.read()
            (tmp_path / "received").touch()
            await appears(tmp_path / "metered")
            return body

    assert asyncio.run(scenario()) == b"ab"


def test_a_body_is_closed_when_its_response_is_malformed(tmp_path):
    outcome = run_once("ours", "streamed.malformed_with_body", {"folder": str(tmp_path)})
    assert outcome.error_type == "Runtime.MarshalError"
    assert (tmp_path / "closed").exists()


def test_a_worker_ends_when_its_runtime_api_does():
    async def scenario():
        async with worker("ours", "whole.ok") as running:
            await running.api.close()
            return await asyncio.wait_for(running.process.wait(), 10)

    assert asyncio.run(scenario()) == 1


async def appears(path):
    deadline = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} never appeared"
        await asyncio.sleep(0.002)


def wrapped(command, variables):
    """Run the exec wrapper as Lambda does, with the command that it would have run."""
    wrapper = ROOT / "layers" / "gateway" / "streaming-runtime"
    return subprocess.run(
        [str(wrapper), *command],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_the_exec_wrapper_starts_our_loop_with_lambdas_interpreter():
    variables = environment("127.0.0.1:1", "whole.ok", ROOT / "tests" / "support" / "handlers")
    del variables["PYTHONPATH"]
    ended = wrapped([sys.executable, "/var/runtime/bootstrap.py"], variables)
    assert ended.stderr == "ownkey.runtime: the Runtime API does not answer GET /2018-06-01/runtime/invocation/next\n"
    assert ended.returncode == 1


def test_the_exec_wrapper_leaves_sam_local_to_the_managed_runtime():
    ended = wrapped([sys.executable, "-c", "print('stock')"], {"AWS_SAM_LOCAL": "true"})
    assert (ended.returncode, ended.stdout) == (0, "stock\n")
