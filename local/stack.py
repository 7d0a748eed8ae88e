"""The whole local stack, from the first check to the last process that ends."""

import asyncio
import signal
import socket
import sys
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

from local.deployment import STACK, STAGE, Deployment, deploy
from local.emulator_process import EmulatorProcess
from local.first_run import ensure_first_run
from local.front import Front
from local.http_wire import HttpServer
from local.pool import FunctionPool
from local.roles import RoleSource
from local.runtime_api import FunctionError
from local.settings import REGION, LocalSettings, StartupError
from local.state_folder import StateFolder
from local.streams import StreamReader
from local.welcome import welcome
from local.worker import WorkerSettings
from ownkey.admin.money import settle_usage
from ownkey.admin.stack import StackOutputs, stack_outputs
from ownkey.domain.dates import utc_now

REMEMBERED = timedelta(days=1)
"""How long a stream remembers. The emulator's begins anew at each start: what was not settled before is, then."""


async def run(settings: LocalSettings) -> None:
    """Serve until a signal ends it or the emulator dies; raises StartupError when something prevents the start."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stopped.set)
    serving = asyncio.create_task(_serve(settings))
    stopping = asyncio.create_task(stopped.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not serving.done():
        _say("Stopping.")
        serving.cancel()
    try:
        await serving
    except asyncio.CancelledError:
        return


async def _serve(settings: LocalSettings) -> None:
    _check_port(settings.port)
    folder = StateFolder(settings.state_folder)
    async with AsyncExitStack() as stack:
        stack.callback(folder.close)
        _say("Starting the AWS emulator …")
        emulator = await EmulatorProcess.start(folder, port=settings.emulator_port)
        stack.push_async_callback(emulator.stop)
        _say("Deploying template.yaml …")
        deployment = await _uninterrupted(asyncio.to_thread(deploy, emulator.client))
        pools = _pools(deployment, emulator, settings, folder)
        for pool in pools.values():
            stack.push_async_callback(pool.close)
        await asyncio.gather(*(_warm(pool) for pool in pools.values()))
        since = utc_now() - REMEMBERED
        await asyncio.to_thread(settle_usage, emulator.client("dynamodb"), _outputs(emulator), since)
        for source in deployment.streams:
            reader = StreamReader(source, emulator.client, pools[source.function], _warn)
            stack.push_async_callback(reader.stop)
            await reader.start()
        server = await _listen(Front(deployment.api, pools, stage=STAGE, warn=_warn), settings.port)
        stack.push_async_callback(server.close)
        address = f"http://127.0.0.1:{server.port}"
        await asyncio.to_thread(ensure_first_run, folder, emulator.client, address)
        stack.callback(_tell_operator(folder, emulator).unlink, missing_ok=True)
        _say(welcome(address, folder))
        await emulator.wait()
        raise StartupError(f"The AWS emulator ended unexpectedly; see {folder.logs / 'emulator.log'}")


def _outputs(emulator: EmulatorProcess) -> StackOutputs:
    return stack_outputs(emulator.client("cloudformation"), STACK)


def _tell_operator(folder: StateFolder, emulator: EmulatorProcess) -> Path:
    """Write what `ownkey-admin` and the AWS command line need to work on this stack while it runs."""
    root = emulator.root_key
    variables = {
        "AWS_ENDPOINT_URL": emulator.endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": root.access_key_id,
        "AWS_SECRET_ACCESS_KEY": root.secret_access_key,
    }
    folder.write_private(folder.operator, "".join(f"export {name}={value}\n" for name, value in variables.items()))
    return folder.operator


async def _uninterrupted(work: "asyncio.Future[Deployment] | object") -> Deployment:
    """Return what a thread returns; a cancellation waits for it, since a thread cannot be stopped."""
    task: asyncio.Task[Deployment] = asyncio.ensure_future(work)  # type: ignore[arg-type]
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


def _pools(
    deployment: Deployment, emulator: EmulatorProcess, settings: LocalSettings, folder: StateFolder
) -> dict[str, FunctionPool]:
    workers = WorkerSettings(folder=folder, emulator_endpoint=emulator.endpoint, upstreams=settings.upstreams)
    roles = RoleSource(emulator.client)
    return {name: FunctionPool(function, workers, roles.assume) for name, function in deployment.functions.items()}


async def _warm(pool: FunctionPool) -> None:
    name = pool.function.logical_id
    try:
        await pool.warm()
    except (FunctionError, TimeoutError) as error:
        _warn(f"{name} does not start: {error!s}; see {name}.log")


def _check_port(port: int) -> None:
    """Say that the port is taken before anything else is started."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as exc:
            raise _port_error(port, exc) from exc


async def _listen(front: Front, port: int) -> HttpServer:
    server = HttpServer(front.handle)
    try:
        await server.start(port=port)
    except OSError as exc:
        raise _port_error(port, exc) from exc
    return server


def _port_error(port: int, error: OSError) -> StartupError:
    reason = error.strerror or "it cannot be used"
    return StartupError(f"Port {port} cannot be used ({reason}). Choose another one: PORT=8788 make run")


def _say(text: str) -> None:
    print(text, flush=True)


def _warn(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
