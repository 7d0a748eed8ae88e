"""Cold start, spawn to first poll: handlers beside a do-nothing handler under the managed runtime's client, in one run.

Every round starts each case once, so that whatever else the machine does meets all of them. Bytecode is warm, as in
the deployed layers.

    python -m benchmarks.cold_start [--runs 15] [--handler NAME FOLDER module.function]...
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local.runtime_api import RuntimeApi

GATEWAY_LAYER = Path(__file__).parents[1] / "layers" / "gateway"
READY_TIMEOUT_SECONDS = 20
DO_NOTHING = "def lambda_handler(event, context):\n    return {'statusCode': 200, 'body': ''}\n"
BASELINE = "do nothing, managed runtime"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One way to start one function."""

    name: str
    command: tuple[str, ...]
    task_root: Path
    """The function's code folder: its working directory, and first on its path."""
    handler: str = "app.lambda_handler"
    environment: Mapping[str, str] = field(default_factory=dict)
    """The function's own variables, beside those of Lambda."""


def managed_case(name: str, task_root: Path, *, handler: str = "app.lambda_handler", **environment: str) -> Case:
    """Return a function under the managed runtime's client."""
    command = (sys.executable, "-m", "awslambdaric", handler)
    return Case(name=name, command=command, task_root=task_root, handler=handler, environment=environment)


def streaming_case(name: str, task_root: Path, *, handler: str = "app.lambda_handler", **environment: str) -> Case:
    """Return a function under our runtime loop, as the exec wrapper starts it."""
    command = (sys.executable, "-P", "-m", "ownkey.runtime")
    return Case(name=name, command=command, task_root=task_root, handler=handler, environment=environment)


def measure(runs: int, cases: Sequence[Case] = ()) -> dict[str, float]:
    """Return the median milliseconds from spawn to first poll of the two do-nothing cases and the given ones."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "app.py").write_text(DO_NOTHING)
        do_nothing = [
            managed_case(BASELINE, Path(folder)),
            streaming_case("do nothing, our loop", Path(folder)),
        ]
        return asyncio.run(_measure(runs, [*do_nothing, *cases]))


async def _measure(runs: int, cases: Sequence[Case]) -> dict[str, float]:
    for case in cases:
        await _start_once(case)  # writes what bytecode is missing
    taken: dict[str, list[float]] = {case.name: [] for case in cases}
    for _ in range(runs):
        for case in cases:
            taken[case.name].append(await _start_once(case))
    return {name: statistics.median(milliseconds) for name, milliseconds in taken.items()}


async def _start_once(case: Case) -> float:
    api = RuntimeApi()
    await api.start()
    environment = _environment(case, api.address)
    started = time.perf_counter()
    process = subprocess.Popen(
        case.command, cwd=case.task_root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        await asyncio.wait_for(api.wait_until_ready(), READY_TIMEOUT_SECONDS)
        return (time.perf_counter() - started) * 1000
    finally:
        process.kill()
        process.wait()
        await api.close()


def _environment(case: Case, address: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "PYTHONPATH": f"{GATEWAY_LAYER}{os.pathsep}{case.task_root}",
        "AWS_LAMBDA_RUNTIME_API": address,
        "AWS_REGION": "eu-central-1",
        "AWS_LAMBDA_FUNCTION_NAME": "Benchmark",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        "LAMBDA_TASK_ROOT": str(case.task_root),
        "_HANDLER": case.handler,
        **case.environment,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure cold starts, each as a ratio to a do-nothing handler.")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--handler", nargs=3, action="append", default=[], metavar=("NAME", "FOLDER", "HANDLER"))
    options = parser.parse_args()
    cases = [streaming_case(name, Path(folder).resolve(), handler=handler) for name, folder, handler in options.handler]
    medians = measure(options.runs, cases)
    print(f"cold start, spawn to first poll, median of {options.runs}")
    for name, milliseconds in medians.items():
        print(f"  {name:<32} {milliseconds:7.1f} ms   {milliseconds / medians[BASELINE]:5.2f}x")


if __name__ == "__main__":
    main()
