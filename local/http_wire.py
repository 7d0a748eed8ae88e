"""HTTP/1.1 for servers on loopback, with nothing that buffers in between.

`serve` calls a handler once a request. The handler reads the body (`pieces`, then `trailers`; or `read_body`) and
answers (`respond`; or `start`, any number of `send`, `finish`). Connections are kept alive as HTTP says, and every
write goes out at once (asyncio sets TCP_NODELAY). Whatever goes wrong with the peer is one exception, `HungUpError`; a
handler that waits for something else can watch `connection.hung_up`, a future that is done when the peer is gone.
"""

import asyncio
from collections.abc import Awaitable, Callable

from local.http_connection import BodyTooLargeError, HttpConnection, HungUpError, Request

__all__ = ["BodyTooLargeError", "HttpConnection", "HttpServer", "HungUpError", "Request", "serve"]


class HttpServer:
    """A listening socket and the connections that came in through it."""

    def __init__(self, handle: Callable[[HttpConnection, Request], Awaitable[None]]) -> None:
        self._handle = handle
        self._server: asyncio.Server | None = None
        self._serving: dict[asyncio.Task[None], HttpConnection] = {}

    async def start(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: HttpConnection(self._accept), host, port)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        if self._server is None:
            raise RuntimeError("the server has not been started")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        """Stop listening, break every connection, and wait until their handlers have ended."""
        if self._server is not None:
            self._server.close()
        serving = dict(self._serving)
        for task, connection in serving.items():
            connection.abort()
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    def _accept(self, connection: HttpConnection) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(connection))
        self._serving[task] = connection
        task.add_done_callback(self._forget)

    async def _serve(self, connection: HttpConnection) -> None:
        try:
            while (request := await connection.next_request()) is not None:
                await self._handle(connection, request)
                if not connection.answered:
                    break
        except HungUpError:
            pass
        finally:
            if connection.answered:
                connection.close()
            else:
                connection.abort()

    def _forget(self, task: asyncio.Task[None]) -> None:
        del self._serving[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            context = {"message": "a request's handler failed", "exception": error, "task": task}
            task.get_loop().call_exception_handler(context)


async def serve(
    handle: Callable[[HttpConnection, Request], Awaitable[None]], *, host: str = "127.0.0.1", port: int = 0
) -> HttpServer:
    """Start a server that calls `handle` for every request, and return it."""
    server = HttpServer(handle)
    await server.start(host=host, port=port)
    return server
