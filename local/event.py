"""`make event E=chat/hello`: one sample event through its function, against the emulator, under the function's role.

Where the sample holds the samples' gateway key, the first user's takes its place.
"""

import asyncio
import os
import sys
import uuid
from contextlib import AsyncExitStack
from pathlib import Path

from local.deployment import DeployedFunction, Deployment, deploy
from local.emulator_process import EmulatorProcess
from local.first_run import ensure_first_run
from local.proxy_event import response_headers
from local.roles import RoleSource
from local.runtime_api import FunctionError
from local.settings import LocalSettings, StartupError
from local.state_folder import StateFolder
from local.template import REPOSITORY
from local.worker import Worker, WorkerSettings

EVENTS = REPOSITORY / "events"
SAMPLE_GATEWAY_KEY = f"ok-{'0' * 16}-{'0' * 43}"


async def run_event(name: str, settings: LocalSettings) -> int:
    """Print what the function answers; returns the exit code."""
    path = _sample(name)
    folder = StateFolder(settings.state_folder)
    async with AsyncExitStack() as stack:
        stack.callback(folder.close)
        emulator = await EmulatorProcess.start(folder, port=settings.emulator_port)
        stack.push_async_callback(emulator.stop)
        deployment = await asyncio.to_thread(deploy, emulator.client)
        first_run = await asyncio.to_thread(ensure_first_run, folder, emulator.client, "http://127.0.0.1:8787")
        function = _function(deployment, path)
        shared = WorkerSettings(folder=folder, emulator_endpoint=emulator.endpoint, upstreams=settings.upstreams)
        credentials = await asyncio.to_thread(RoleSource(emulator.client).assume, function.role_arn)
        event = path.read_text().replace(SAMPLE_GATEWAY_KEY, first_run["gateway_key"])
        try:
            worker = await Worker.start(function, credentials, shared)
            stack.push_async_callback(worker.stop)
            await _print_answer(worker, event.encode())
        except (FunctionError, TimeoutError) as error:
            raise StartupError(f"{function.logical_id} failed: {error!s}; see its log in {folder.logs}") from error
    return 0


async def _print_answer(worker: Worker, event: bytes) -> None:
    answer = await worker.invoke(
        event, request_id=str(uuid.uuid4()), trace_id="Root=1-00000000-000000000000000000000000"
    )
    if answer.status is None and answer.error is not None:
        raise answer.error
    if answer.status is not None:
        headers = (f"{name}: {value}" for name, value in response_headers(answer))
        print(answer.status, *headers, sep="\n", end="\n\n", flush=True)
    async for piece in answer.pieces():
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    print(flush=True)


def _sample(name: str) -> Path:
    path = (EVENTS / f"{name}.json").resolve()
    if not name or not path.is_file() or EVENTS not in path.parents:
        known = sorted(path.relative_to(EVENTS).with_suffix("").as_posix() for path in EVENTS.rglob("*.json"))
        raise StartupError(f"There is no event {name!r}. Choose one of: {' '.join(known)}", exit_code=2)
    return path


def _function(deployment: Deployment, path: Path) -> DeployedFunction:
    folder = f"functions/{path.relative_to(EVENTS).parts[0]}"
    for function in deployment.functions.values():
        if function.code_folder == folder:
            return function
    raise StartupError(f"{path.name} belongs to no function: there is no {folder}", exit_code=2)


def main() -> int:
    """Run the event that is named on the command line; returns the exit code."""
    os.umask(0o077)
    try:
        settings = LocalSettings.from_environment(os.environ)
        return asyncio.run(run_event(sys.argv[1] if len(sys.argv) > 1 else "", settings))
    except StartupError as error:
        print(f"make event: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
