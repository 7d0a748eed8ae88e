"""Pools of real worker processes, with handlers written here and the managed runtime's client."""

import asyncio
import os
import time
from contextlib import asynccontextmanager, suppress

import pytest

from local.deployment import DeployedFunction
from local.pool import FunctionPool, TooManyWorkersError
from local.runtime_api import InitError
from local.state_folder import StateFolder
from local.worker import RoleCredentials, WorkerSettings

HANDLER = """
import os, time

calls = 0

def lambda_handler(event, context):
    global calls
    calls += 1
    time.sleep(event.get("seconds", 0))
    body = f"{os.getpid()} {calls} {os.environ.get(event.get('variable', ''), '')}"
    return {"statusCode": 200, "body": body}
"""


@pytest.fixture
def make_pool(tmp_path):
    """Return pools over one folder of code, and end them."""
    code = tmp_path / "code"
    code.mkdir()
    (code / "app.py").write_text(HANDLER)
    state = StateFolder(tmp_path / "state")
    assumed: list[str] = []

    def assume_role(role_arn, lifetime_seconds=3600):
        assumed.append(role_arn)
        return RoleCredentials(
            access_key_id="ASIATEST",
            secret_access_key="of-the-role",
            session_token="token",
            expires_at_epoch=time.time() + lifetime_seconds,
        )

    @asynccontextmanager
    async def make(handler=HANDLER, *, max_workers=2, lifetime_seconds=3600):
        (code / "app.py").write_text(handler)
        function = DeployedFunction(
            logical_id="TestFunction",
            arn="arn:aws:lambda:us-east-1:000000000000:function:test",
            name="test",
            handler="app.lambda_handler",
            role_arn="arn:aws:iam::000000000000:role/test",
            code_folder=str(code),
            memory_megabytes=128,
            timeout_seconds=30,
            log_group="log-group",
            environment={"OWNKEY_STAGE": "test"},
        )
        settings = WorkerSettings(folder=state, emulator_endpoint="http://127.0.0.1:1", upstreams="")
        pool = FunctionPool(
            function, settings, lambda role: assume_role(role, lifetime_seconds), max_workers=max_workers
        )
        try:
            yield pool
        finally:
            await pool.close()

    make.assumed = assumed  # type: ignore[attr-defined]
    make.log = state.logs / "TestFunction.log"  # type: ignore[attr-defined]
    yield make
    state.close()


async def use(pool, event=b"{}"):
    """Return the process id, its count of calls, and the variable that was asked for."""
    async with pool.worker() as worker:
        answer = await worker.invoke(event, request_id=str(time.monotonic_ns()), trace_id="Root=1-0-0")
        process_id, calls, variable = (await answer.read()).decode().split(" ", 2)
    return int(process_id), int(calls), variable


def run(scenario):
    return asyncio.run(asyncio.wait_for(scenario, 20))


def lives(process_id):
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def test_an_idle_worker_is_used_again_and_ends_with_its_pool(make_pool):
    async def scenario():
        async with make_pool() as pool:
            return await use(pool), await use(pool)

    first, second = run(scenario())

    assert (first[0], first[1], second[1]) == (second[0], 1, 2)
    assert not lives(first[0])


def test_events_at_once_get_a_process_each_up_to_the_limit(make_pool):
    async def scenario():
        async with make_pool() as pool:
            slow = [asyncio.create_task(use(pool, b'{"seconds": 0.2}')) for _ in range(2)]
            while len(pool._workers) < 2:
                await asyncio.sleep(0.005)
            with pytest.raises(TooManyWorkersError):
                await use(pool)
            busy = {process_id for process_id, _, _ in await asyncio.gather(*slow)}
            again, _, _ = await use(pool)
            return busy, again

    busy, again = run(scenario())

    assert len(busy) == 2
    assert again in busy


def test_a_worker_runs_as_its_role_and_sees_nothing_of_our_environment(make_pool, monkeypatch):
    monkeypatch.setenv("CANARY", "of the shell")

    async def scenario():
        async with make_pool() as pool:
            names = ("AWS_SECRET_ACCESS_KEY", "OWNKEY_STAGE", "CANARY", "OWNKEY_UPSTREAMS", "AWS_ENDPOINT_URL")
            return {name: (await use(pool, f'{{"variable": "{name}"}}'.encode()))[2] for name in names}

    seen = run(scenario())

    assert seen == {
        "AWS_SECRET_ACCESS_KEY": "of-the-role",
        "OWNKEY_STAGE": "test",
        "CANARY": "",
        "OWNKEY_UPSTREAMS": "",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    }
    assert make_pool.assumed == ["arn:aws:iam::000000000000:role/test"]


def test_a_worker_whose_credentials_run_out_is_replaced(make_pool):
    async def scenario():
        async with make_pool(lifetime_seconds=30) as pool:
            return await use(pool), await use(pool)

    first, second = run(scenario())

    assert first[0] != second[0]
    assert len(make_pool.assumed) == 2


def test_a_worker_that_was_killed_is_replaced(make_pool):
    async def scenario():
        async with make_pool() as pool:
            first, _, _ = await use(pool)
            with suppress(RuntimeError):
                async with pool.worker() as worker:
                    worker.kill()
                    raise RuntimeError("out of time")
            second, _, _ = await use(pool)
            return first, second

    first, second = run(scenario())

    assert first != second


def test_a_worker_left_in_the_middle_of_something_is_lent_again_when_it_is_done(make_pool):
    async def scenario():
        async with make_pool(max_workers=1) as pool:
            with suppress(RuntimeError):
                async with pool.worker() as worker:
                    call = asyncio.create_task(
                        worker.invoke(b'{"seconds": 0.2}', request_id="slow", trace_id="Root=1-0-0")
                    )
                    await asyncio.sleep(0.05)
                    call.cancel()
                    raise RuntimeError("the caller hung up")
            with pytest.raises(TooManyWorkersError):
                await use(pool)
            while not pool._idle:
                await asyncio.sleep(0.01)
            return await use(pool)

    _, calls, _ = run(scenario())

    assert calls == 2


def test_a_handler_that_cannot_be_loaded_says_why(make_pool):
    async def scenario():
        async with make_pool("import nothing_of_that_name") as pool:
            with pytest.raises(InitError, match="nothing_of_that_name"):
                await use(pool)
            return len(pool._workers)

    assert run(scenario()) == 0


def test_what_a_function_prints_is_in_its_log(make_pool):
    async def scenario():
        async with make_pool("print('loaded')\n" + HANDLER) as pool:
            await use(pool)

    run(scenario())

    assert "loaded" in make_pool.log.read_text()
