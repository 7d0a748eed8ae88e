"""One process of a function: it handles one event at a time, under the function's role, and is used again."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from local.deployment import DeployedFunction
from local.runtime_api import Answer, RuntimeApi
from local.settings import REGION
from local.state_folder import StateFolder
from local.template import REPOSITORY

GATEWAY_LAYER = REPOSITORY / "layers" / "gateway"
LAUNCHER = REPOSITORY / "local" / "launch.py"
START_TIMEOUT_SECONDS = 20
STOP_TIMEOUT_SECONDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleCredentials:
    """What a function's role may show to AWS, for a while."""

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expires_at_epoch: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """What all workers of all functions share."""

    folder: StateFolder
    emulator_endpoint: str
    upstreams: str


class Worker:
    """A running process and its Runtime API."""

    def __init__(self, function: DeployedFunction, credentials: RoleCredentials) -> None:
        self._function = function
        self._api = RuntimeApi()
        self._process: asyncio.subprocess.Process | None = None
        self._watching: asyncio.Task[None] | None = None
        self._credentials = credentials

    @classmethod
    async def start(
        cls, function: DeployedFunction, credentials: RoleCredentials, settings: WorkerSettings
    ) -> "Worker":
        """Start a process and wait until it is ready.

        Raises:
            InitError: The handler cannot be loaded.
            TimeoutError: The process did not ask for work in time.
        """
        worker = cls(function, credentials)
        try:
            await worker._start(settings)
            await asyncio.wait_for(worker._api.wait_until_ready(), START_TIMEOUT_SECONDS)
        except TimeoutError as exc:
            await worker.stop()
            raise TimeoutError(f"it was not ready within {START_TIMEOUT_SECONDS} seconds") from exc
        except BaseException:
            await worker.stop()
            raise
        return worker

    async def _start(self, settings: WorkerSettings) -> None:
        await self._api.start()
        log = settings.folder.open_log(self._function.logical_id)
        environment = _environment(self._function, self._credentials, settings, self._api.address)
        launcher = (sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()))
        try:
            self._process = await asyncio.create_subprocess_exec(
                *launcher, *_command(self._function),
                cwd=environment["LAMBDA_TASK_ROOT"], env=environment, start_new_session=True,
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        finally:
            os.close(log)
        self._watching = asyncio.create_task(self._watch(self._process))

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        self._api.worker_exited(await process.wait())

    @property
    def idle(self) -> bool:
        """Whether the process waits for an event."""
        return self._api.idle

    @property
    def usable(self) -> bool:
        """Whether the process lives, with credentials that outlast one more event."""
        lives = self._process is not None and self._process.returncode is None
        return lives and time.time() + self._function.timeout_seconds + 60 < self._credentials.expires_at_epoch

    async def invoke(self, event: bytes, *, request_id: str, trace_id: str) -> Answer:
        """Return the function's answer as soon as it begins."""
        return await self._api.invoke(
            event,
            request_id=request_id,
            deadline_epoch_ms=int((time.time() + self._function.timeout_seconds) * 1000),
            function_arn=self._function.arn,
            trace_id=trace_id,
        )

    async def stop(self) -> None:
        """End the process and everything that it started."""
        if self._process is not None and self._process.returncode is None:
            _signal_group(self._process, signal.SIGTERM)
            try:
                await asyncio.wait_for(self._process.wait(), STOP_TIMEOUT_SECONDS)
            except TimeoutError:
                _signal_group(self._process, signal.SIGKILL)
                await self._process.wait()
        if self._watching is not None:
            await self._watching
        await self._api.close()

    def kill(self) -> None:
        """End the process at once, as Lambda ends one that ran out of time."""
        if self._process is not None:
            _signal_group(self._process, signal.SIGKILL)


def _signal_group(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _command(function: DeployedFunction) -> list[str]:
    wrapper = function.environment.get("AWS_LAMBDA_EXEC_WRAPPER")
    if wrapper:
        return [str(GATEWAY_LAYER / wrapper.removeprefix("/opt/")), sys.executable]
    return [sys.executable, "-m", "awslambdaric", function.handler]


def _environment(
    function: DeployedFunction, credentials: RoleCredentials, settings: WorkerSettings, runtime_api: str
) -> Mapping[str, str]:
    """Return all that a worker sees. Of the shell's own environment it sees nothing."""
    environment = {
        **function.environment,
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": settings.emulator_endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_megabytes),
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "_HANDLER": function.handler,
        "LAMBDA_TASK_ROOT": str(REPOSITORY / function.code_folder),
        "PYTHONPATH": str(GATEWAY_LAYER),
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        "HOME": str(settings.folder.temporary),
        "TMPDIR": str(settings.folder.temporary),
    }
    if settings.upstreams:
        environment["OWNKEY_UPSTREAMS"] = settings.upstreams
    return environment
