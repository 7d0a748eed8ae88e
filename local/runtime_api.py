"""The Lambda Runtime API for one worker process: it hands out events and takes answers, streamed ones as they come.

Both our own loop and the managed runtime's client can be the worker. A worker takes one event at a time; others wait.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from local.http_wire import BodyTooLargeError, HttpConnection, HttpServer, HungUpError, Request
from local.runtime_answers import (
    ERROR_TYPE_HEADER,
    Answer,
    FunctionError,
    InitError,
    InvocationError,
    buffered_answer,
    error_object,
    failed_answer,
    read_prelude,
    trailing_error,
)

__all__ = ["Answer", "FunctionError", "InitError", "InvocationError", "RuntimeApi"]

ROOT = "/2018-06-01/runtime/"
MAX_RESULT_BYTES = 6 * 1024 * 1024 + 100 * 1024
ACCEPTED = b'{"status":"OK"}'
TRUNCATED = "The worker broke off its response."
JSON_TYPE = ("content-type", "application/json")


@dataclass(slots=True, kw_only=True, eq=False)
class _Invocation:
    request_id: str
    headers: Sequence[tuple[str, str]]
    event: bytes
    answered: asyncio.Future[Answer] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def answer(self, answer: Answer) -> None:
        """Give the answer to whoever waits; when the caller has given up, to nobody."""
        if self.answered.done():
            answer.abandon()
        else:
            self.answered.set_result(answer)

    @property
    def abandoned(self) -> bool:
        return self.answered.cancelled()


class RuntimeApi:
    """Serves one worker."""

    def __init__(self) -> None:
        self._server = HttpServer(self._handle)
        self._line: deque[_Invocation] = deque()
        self._unanswered: dict[str, _Invocation] = {}
        self._poll: asyncio.Future[_Invocation] | None = None
        self._settled = asyncio.Event()
        self._failure: FunctionError | None = None

    async def start(self) -> None:
        """Listen on a free port of the loopback interface."""
        await self._server.start()

    async def close(self) -> None:
        """Stop; whoever still waits for an answer gets an error."""
        self.worker_exited(None)
        await self._server.close()

    @property
    def address(self) -> str:
        """What belongs in the worker's AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.port}"

    @property
    def idle(self) -> bool:
        """Whether the worker is waiting for an event."""
        return self._poll is not None

    async def wait_until_ready(self) -> None:
        """Wait until the worker asks for its first event.

        Raises:
            InitError: It could not load its handler, or ended (see `worker_exited`) before it asked.
        """
        await self._settled.wait()
        if isinstance(self._failure, InitError):
            raise self._failure

    def worker_exited(self, exit_code: int | None) -> None:
        """Take note that the process is gone: every invocation that waits for it has failed, and later ones do."""
        message = "Runtime exited" + ("" if exit_code is None else f" with error: exit status {exit_code}")
        kind = InvocationError if self._settled.is_set() else InitError
        body = {"errorType": "Runtime.ExitError", "errorMessage": message}
        self._failure = self._failure or kind("Runtime.ExitError", body)
        self._settled.set()
        for invocation in self._unanswered.values():
            invocation.answer(failed_answer("Runtime.ExitError", message))
        self._line.clear()
        self._unanswered.clear()

    async def invoke(
        self,
        event: bytes,
        *,
        request_id: str,
        deadline_epoch_ms: int,
        function_arn: str,
        trace_id: str | None = None,
        client_context: str | None = None,
        cognito_identity: str | None = None,
        tenant_id: str | None = None,
    ) -> Answer:
        """Hand an event to the worker and return when its answer begins. Cancelling abandons the answer.

        Raises:
            FunctionError: The worker never came up (InitError), or is gone (InvocationError).
        """
        if self._failure is not None:
            raise self._failure
        headers = {
            "lambda-runtime-aws-request-id": request_id,
            "lambda-runtime-deadline-ms": str(deadline_epoch_ms),
            "lambda-runtime-invoked-function-arn": function_arn,
            "lambda-runtime-trace-id": trace_id,
            "lambda-runtime-client-context": client_context,
            "lambda-runtime-cognito-identity": cognito_identity,
            "lambda-runtime-aws-tenant-id": tenant_id,
        }
        present = [JSON_TYPE, *((name, value) for name, value in headers.items() if value is not None)]
        invocation = _Invocation(request_id=request_id, headers=present, event=event)
        self._unanswered[request_id] = invocation
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(invocation)
        else:
            self._line.append(invocation)
        try:
            return await invocation.answered
        finally:
            if invocation in self._line:
                self._line.remove(invocation)
                self._unanswered.pop(request_id, None)

    async def _handle(self, connection: HttpConnection, request: Request) -> None:
        match [request.method, *request.target.removeprefix(ROOT).split("/")]:
            case ["GET", "invocation", "next"]:
                await self._hand_out(connection)
            case ["POST", "invocation", request_id, "response" | "error" as verb]:
                await self._take(connection, request, request_id, is_error=verb == "error")
            case ["POST", "init" | "restore", "error"]:
                error_type, body = await _read_error(connection, request)
                self._failure = InitError(error_type, body)
                self._settled.set()
                await connection.respond(202, [JSON_TYPE], ACCEPTED)
            case ["GET", "restore", "next"]:
                await connection.respond(200)
            case _:
                await connection.respond(404, [JSON_TYPE], b'{"errorType":"NotFound"}')

    async def _hand_out(self, connection: HttpConnection) -> None:
        self._settled.set()
        invocation = await self._next(connection)
        try:
            await connection.respond(200, invocation.headers, invocation.event)
        except HungUpError:
            if not invocation.abandoned:
                self._line.appendleft(invocation)
            raise

    async def _next(self, connection: HttpConnection) -> _Invocation:
        if self._line:
            return self._line.popleft()
        poll: asyncio.Future[_Invocation] = asyncio.get_running_loop().create_future()

        def give_up(_: asyncio.Future[None]) -> None:
            if not poll.done():
                poll.set_exception(HungUpError("the worker no longer polls"))

        self._poll = poll
        connection.hung_up.add_done_callback(give_up)
        try:
            return await poll
        finally:
            connection.hung_up.remove_done_callback(give_up)
            if self._poll is poll:
                self._poll = None

    async def _take(self, connection: HttpConnection, request: Request, request_id: str, *, is_error: bool) -> None:
        invocation = self._unanswered.pop(request_id, None)
        if invocation is None:
            await connection.respond(400, [JSON_TYPE], b'{"errorType":"InvalidRequestID"}')
            return
        try:
            if is_error:
                invocation.answer(failed_answer(*await _read_error(connection, request)))
            elif request.header("lambda-runtime-function-response-mode") == "streaming":
                await self._take_stream(connection, invocation)
            else:
                # Taken even when nobody waits: the managed runtime's client ends its process when it is refused.
                invocation.answer(buffered_answer(await connection.read_body(max_bytes=MAX_RESULT_BYTES)))
            await connection.respond(202, [JSON_TYPE], ACCEPTED)
        except BodyTooLargeError:
            message = f"Response payload size exceeded maximum allowed payload size ({MAX_RESULT_BYTES} bytes)."
            invocation.answer(failed_answer("Function.ResponseSizeTooLarge", message))
            await connection.respond(413, [JSON_TYPE], b'{"errorType":"RequestEntityTooLarge"}')
        finally:
            if not invocation.answered.done():
                invocation.answer(failed_answer("Runtime.TruncatedResponse", TRUNCATED))

    async def _take_stream(self, connection: HttpConnection, invocation: _Invocation) -> None:
        if invocation.abandoned:
            connection.abort()
            raise HungUpError("nobody waits for this answer")
        pieces = connection.pieces()
        try:
            head, first_piece = await read_prelude(pieces)
            answer = Answer(head=head, streaming=True, hang_up=connection.abort)
        except ValueError as exc:
            message = f"The streamed response has no valid prelude: {exc}"
            invocation.answer(failed_answer("Runtime.MalformedResponse", message))
            return
        invocation.answer(answer)
        try:
            await answer.feed(first_piece)
            async for piece in pieces:
                await answer.feed(piece)
            answer.end(error=trailing_error(connection.trailers))
        finally:
            answer.end(error=InvocationError("Runtime.TruncatedResponse", {"errorMessage": TRUNCATED}))


async def _read_error(connection: HttpConnection, request: Request) -> tuple[str, Mapping[str, Any]]:
    body = await connection.read_body(max_bytes=MAX_RESULT_BYTES)
    fields = error_object(body)
    error_type = request.header(ERROR_TYPE_HEADER) or fields.get("errorType")
    return str(error_type or "Runtime.Unknown"), fields
