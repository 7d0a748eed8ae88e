"""The workers of one function, as many as it has concurrent events: Lambda's model."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from local.deployment import DeployedFunction
from local.worker import RoleCredentials, Worker, WorkerSettings

MAX_WORKERS = 32
_LOOK_AGAIN_SECONDS = 0.02


class TooManyWorkersError(Exception):
    """Every worker that may exist is busy."""


class FunctionPool:
    """Hands out workers, starts them when none is idle, and ends those that are not fit for another event."""

    def __init__(
        self,
        function: DeployedFunction,
        settings: WorkerSettings,
        assume_role: Callable[[str], RoleCredentials],
        *,
        max_workers: int = MAX_WORKERS,
    ) -> None:
        self.function = function
        self._settings = settings
        self._assume_role = assume_role
        self._max_workers = max_workers
        self._idle: list[Worker] = []
        self._workers: set[Worker] = set()
        self._starting = 0
        self._waits: set[asyncio.Task[None]] = set()

    async def warm(self) -> None:
        """Have a worker ready."""
        self._idle.append(await self._start())

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[Worker]:
        """Lend a worker for one event.

        Raises:
            TooManyWorkersError: None is idle and no more may be started.
            InitError: The handler cannot be loaded.
        """
        worker = await self._take()
        try:
            yield worker
        except BaseException:
            self._settle(worker)
            raise
        if worker.usable:
            # It may still be on its way to its next poll; an event that comes before waits for it there.
            self._idle.append(worker)
        else:
            self._settle(worker)

    async def close(self) -> None:
        """End every worker."""
        for wait in self._waits:
            wait.cancel()
        await asyncio.gather(*self._waits, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in self._workers))

    async def _take(self) -> Worker:
        while self._idle:
            worker = self._idle.pop()
            if worker.usable:
                return worker
            self._settle(worker)
        return await self._start()

    async def _start(self) -> Worker:
        if len(self._workers) + self._starting >= self._max_workers:
            raise TooManyWorkersError(self.function.logical_id)
        self._starting += 1
        try:
            credentials = await asyncio.to_thread(self._assume_role, self.function.role_arn)
            worker = await Worker.start(self.function, credentials, self._settings)
        finally:
            self._starting -= 1
        self._workers.add(worker)
        return worker

    def _settle(self, worker: Worker) -> None:
        wait = asyncio.create_task(self._return_when_idle(worker))
        self._waits.add(wait)
        wait.add_done_callback(self._waits.discard)

    async def _return_when_idle(self, worker: Worker) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.function.timeout_seconds):
                while worker.usable and not worker.idle:
                    await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        if worker.usable and worker.idle:
            self._idle.append(worker)
            return
        await worker.stop()
        self._workers.discard(worker)
