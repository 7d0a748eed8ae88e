"""Worker processes under either runtime, behind one Runtime API endpoint each."""

import asyncio
import contextlib
import itertools
import json
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.runtime_api import Answer, FunctionError, InitError, RuntimeApi

ROOT = Path(__file__).parents[2]
HANDLERS = ROOT / "tests" / "support" / "handlers"
FUNCTION_ARN = "arn:aws:lambda:eu-central-1:123456789012:function:Sample"
TRACE_ID = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
BUDGET_MS = 60_000
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
COMMANDS = {
    "ours": ("-P", "-m", "ownkey.runtime"),
    "stock": ("-m", "awslambdaric"),
}
request_numbers = itertools.count(1)


@dataclass
class Worker:
    """A running worker, what it wrote, and how it ended."""

    api: RuntimeApi
    process: asyncio.subprocess.Process
    output: list[str] = field(default_factory=list)
    """What it wrote to standard output, once it has ended."""
    errors: list[str] = field(default_factory=list)
    init_error: InitError | None = None

    async def invoke(self, event: Any = None, *, raw_event: bytes | None = None, **headers: Any) -> Answer:
        return await asyncio.wait_for(
            self.api.invoke(
                json.dumps(event).encode() if raw_event is None else raw_event,
                request_id=headers.pop("request_id", f"request-{next(request_numbers)}"),
                deadline_epoch_ms=int(time.time() * 1000) + BUDGET_MS,
                function_arn=FUNCTION_ARN,
                trace_id=headers.pop("trace_id", TRACE_ID),
                **headers,
            ),
            10,
        )


@contextlib.asynccontextmanager
async def worker(runtime: str, handler: str, *, folder: Path = HANDLERS, **options: Any) -> AsyncIterator[Worker]:
    """Start a worker and wait for its first poll; `init_error` is set when it fails before that."""
    api = RuntimeApi()
    await api.start()
    command = [sys.executable, *COMMANDS[runtime], *([handler] if runtime == "stock" else [])]
    process = await asyncio.create_subprocess_exec(
        *command,
        env=environment(api.address, handler, folder) | options.get("variables", {}),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        pass_fds=options.get("descriptors", ()),
    )
    running = Worker(api, process)
    watcher = asyncio.create_task(_watch(running))
    try:
        try:
            await asyncio.wait_for(api.wait_until_ready(), 10)
        except InitError as exc:
            running.init_error = exc
            await asyncio.wait_for(process.wait(), 10)
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await watcher
        await api.close()


async def _watch(running: Worker) -> None:
    output, errors = await running.process.communicate()
    running.output = output.decode().split("\n")[:-1]
    running.errors = errors.decode().splitlines()
    running.api.worker_exited(running.process.returncode)


def environment(address: str, handler: str, folder: Path) -> dict[str, str]:
    """Return what Lambda would put into a function's environment."""
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "PYTHONPATH": f"{ROOT / 'layers' / 'gateway'}{os.pathsep}{folder}",
        "AWS_LAMBDA_RUNTIME_API": address,
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "_HANDLER": handler,
        "LAMBDA_TASK_ROOT": str(folder),
        "AWS_LAMBDA_FUNCTION_NAME": "Sample",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/Sample",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]0123",
    }


@dataclass
class Outcome:
    """All that can be seen of one call from outside, comparable between runtimes."""

    head: tuple[Any, ...] = ()
    body: bytes = b""
    error_type: str | None = None
    error: Mapping[str, Any] = field(default_factory=dict)
    init_error: Mapping[str, Any] = field(default_factory=dict)
    output: list[str] = field(default_factory=list)
    exit_code: int | None = None
    streaming: bool = field(default=False, compare=False)


def run_once(runtime: str, handler: str, event: Any = None, **options: Any) -> Outcome:
    """Start a worker, invoke it once, end it, and return what was seen."""
    return asyncio.run(_run_once(runtime, handler, event, options))


async def _run_once(runtime: str, handler: str, event: Any, options: dict[str, Any]) -> Outcome:
    headers = options.pop("headers", {})
    outcome = Outcome()
    async with worker(runtime, handler, **options) as running:
        if running.init_error is not None:
            outcome.error_type = running.init_error.error_type
            outcome.init_error = running.init_error.body
            outcome.exit_code = running.process.returncode
        else:
            await _fill(outcome, await _answer(running, event, headers))
    outcome.output = [_comparable(line) for line in running.output if "LAMBDA_WARNING" not in line]
    return outcome


async def _answer(running: Worker, event: Any, headers: dict[str, Any]) -> Answer | FunctionError:
    try:
        return await running.invoke(event, request_id="the-request", **headers)
    except FunctionError as exc:
        return exc


async def _fill(outcome: Outcome, answer: Answer | FunctionError) -> None:
    error = answer if isinstance(answer, FunctionError) else None
    if isinstance(answer, Answer):
        outcome.body = await answer.read()
        outcome.head = (answer.status, answer.headers, answer.multi_value_headers, answer.cookies)
        outcome.streaming = answer.streaming
        error = answer.error
    if error is not None:
        outcome.error_type = error.error_type
        outcome.error = {name: _comparable(value) for name, value in error.body.items()}


def _comparable(value: Any) -> Any:
    """Replace what differs from run to run."""
    return STAMP.sub("TIME", value) if isinstance(value, str) else value
