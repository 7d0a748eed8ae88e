"""The embedded AWS as a child process: `python -m local.emulator`.

MiniStack's own server binds every interface, takes anybody for the account's root, saves its state only when it ends,
and starts empty when what it saved is broken. Here it listens on loopback, knows its callers, saves every few seconds,
refuses a broken state, and ends when its parent does. Its first line on standard output says how its start went.
"""

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from local.emulator_guard import Message, Receive, Scope, Send, guard
from local.emulator_saving import StateSaver, broken_file

PREDECESSOR_TIMEOUT_SECONDS = 10


class _RestoreFailures(logging.Handler):
    """Remembers that the emulator could not restore something: by itself it would go on without it."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.first = ""

    def emit(self, record: logging.LogRecord) -> None:
        if not self.first and record.name in {"persistence", "ministack"}:
            self.first = record.getMessage()


async def _serve(listener: socket.socket) -> int:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    # Reads the environment when it is imported.
    from ministack import app as emulator

    failures = _RestoreFailures()
    logging.getLogger().addHandler(failures)
    saver = StateSaver(emulator)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    loop.add_reader(sys.stdin.fileno(), ended.set)  # the parent holds the other end and never writes
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.5
    config.loglevel = "WARNING"
    root_key = os.environ["AWS_ACCESS_KEY_ID"].encode()
    application = guard(_reporting_start(emulator, listener, failures), root_key, saver.note)
    saving = asyncio.create_task(saver.run())
    saving.add_done_callback(lambda _: ended.set())  # what cannot save its state shall not look as if it did
    with contextlib.suppress(Exception):  # a start that was refused has been reported
        await serve(application, config, shutdown_trigger=ended.wait)
    if saving.done():
        saving.result()
    saving.cancel()
    if not ended.is_set():
        return 1
    await saver.save()
    return 0


def _reporting_start(emulator: Any, listener: socket.socket, failures: _RestoreFailures) -> Any:
    """Return the emulator, made to say that it is up, or to refuse to be when something could not be restored."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        async def report(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                # It would save everything once more when it ends, half of a deployment included.
                emulator.PERSIST_STATE = False
                if failures.first:
                    _say("broken", failures.first)
                    message = {"type": "lifespan.startup.failed", "message": failures.first}
                else:
                    _say("port", listener.getsockname()[1])
            await send(message)

        await emulator.app(scope, receive, report if scope["type"] == "lifespan" else send)

    return application


def _lock(folder: Path) -> bool:
    """Wait for an emulator whose parent was killed: it is still saving. The lock ends with this process."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    give_up_at = time.monotonic() + PREDECESSOR_TIMEOUT_SECONDS
    while time.monotonic() < give_up_at:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.05)
    return False


def _say(word: str, rest: object) -> None:
    print(word, rest, flush=True)


def main() -> int:
    """Run until the parent closes our standard input or asks us to end."""
    os.umask(0o077)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the parent's to handle
    folder = Path(os.environ["STATE_DIR"])
    if not _lock(folder):
        _say("refused", f"Another emulator still uses {folder}. Wait until it has ended.")
        return 1
    broken = broken_file(folder)
    if broken is not None:
        _say("broken", f"{broken.name} is damaged")
        return 1
    port = int(os.environ.get("GATEWAY_PORT", "0"))
    try:
        listener = socket.create_server(("127.0.0.1", port))
    except OSError as exc:
        _say("refused", f"Port {port} for the AWS emulator is taken ({exc.strerror}). Choose another one.")
        return 1
    os.environ["GATEWAY_PORT"] = str(listener.getsockname()[1])
    return asyncio.run(_serve(listener))


if __name__ == "__main__":
    sys.exit(main())
