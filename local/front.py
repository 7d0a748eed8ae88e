"""The front door: HTTP in, API Gateway's proxy events to the functions, their answers out as they come."""

import asyncio
import json
from collections.abc import Callable, Mapping

import h11

from local.api_definition import ApiDefinition, GatewayResponse, Route
from local.http_wire import BodyTooLargeError, HttpConnection, HungUpError, Request
from local.pool import FunctionPool, TooManyWorkersError
from local.proxy_event import Call, render_event, response_headers
from local.runtime_api import Answer, FunctionError
from local.worker import Worker

MAX_BODY_BYTES = 10 * 1024 * 1024
_OF_THE_CALLER = {"MISSING_AUTHENTICATION_TOKEN", "REQUEST_TOO_LARGE", "THROTTLED"}
_FALLBACK = GatewayResponse(status=500, headers={}, body='{"message":$context.error.messageString}')


class _TimedOutError(Exception):
    """The function or its integration ran out of time."""


class Front:
    """Answers the requests of one API."""

    def __init__(
        self, api: ApiDefinition, pools: Mapping[str, FunctionPool], *, stage: str, warn: Callable[[str], None]
    ) -> None:
        self._api = api
        self._pools = pools
        self._stage = stage
        self._warn = warn

    async def handle(self, connection: HttpConnection, request: Request) -> None:
        """Answer one request."""
        call = Call.of(request)
        found = self._api.match(request.method, call.path)
        if found is None:
            await self._respond(connection, call, "MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token")
            return
        route, parameters = found
        try:
            body = await connection.read_body(max_bytes=MAX_BODY_BYTES)
        except BodyTooLargeError:
            await self._respond(connection, call, "REQUEST_TOO_LARGE", "Request Too Long")
            return
        exchange = _Exchange(connection, call, route)
        try:
            await exchange.run(
                self._pools[route.function], render_event(call, route, parameters, body, stage=self._stage)
            )
        except TooManyWorkersError:
            await self._respond(connection, call, "THROTTLED", "Rate exceeded")
        except _TimedOutError:
            self._warn(f"{route.function} ran out of time; its worker was ended")
            await self._fail(exchange, "INTEGRATION_TIMEOUT", "Endpoint request timed out")
        except (FunctionError, TimeoutError, h11.LocalProtocolError) as error:
            self._warn(f"{route.function} failed: {error}")
            await self._fail(exchange, "INTEGRATION_FAILURE", "Internal server error")

    async def _fail(self, exchange: "_Exchange", kind: str, message: str) -> None:
        """Answer with an error, or break off the answer that has begun."""
        if exchange.started:
            exchange.connection.abort()
        else:
            await self._respond(exchange.connection, exchange.call, kind, message)

    async def _respond(self, connection: HttpConnection, call: Call, kind: str, message: str) -> None:
        default = "DEFAULT_4XX" if kind in _OF_THE_CALLER else "DEFAULT_5XX"
        response = self._api.responses.get(kind) or self._api.responses.get(default) or _FALLBACK
        headers = [("Content-Type", "application/json")]
        for name, value in response.headers.items():
            literal = value.startswith("'")
            headers.append((name, value[1:-1] if literal else {"context.requestId": call.request_id}.get(value, "")))
        body = response.body.replace("$context.error.messageString", json.dumps(message))
        await connection.respond(response.status, headers, body.encode())


class _Exchange:
    """One request, handed to a function, and its answer, handed back."""

    def __init__(self, connection: HttpConnection, call: Call, route: Route) -> None:
        self.connection = connection
        self.call = call
        self.started = False
        """Whether a part of the answer has gone out."""
        self._route = route

    async def run(self, pool: FunctionPool, event: bytes) -> None:
        """Have the function answer. A caller that hangs up is noticed by the function when it writes next."""
        async with pool.worker() as worker:
            try:
                async with asyncio.timeout(min(self._route.timeout_seconds, pool.function.timeout_seconds)):
                    await self._pass_on(await self._answer(worker, event))
            except TimeoutError as exc:
                worker.kill()
                raise _TimedOutError from exc

    async def _answer(self, worker: Worker, event: bytes) -> Answer:
        invocation = asyncio.ensure_future(
            worker.invoke(event, request_id=self.call.request_id, trace_id=self.call.trace_id)
        )

        def give_up(_: object) -> None:
            invocation.cancel()

        self.connection.hung_up.add_done_callback(give_up)
        try:
            return await invocation
        except asyncio.CancelledError:
            if self.connection.hung_up.done():
                raise HungUpError("the caller hung up") from None
            raise
        finally:
            self.connection.hung_up.remove_done_callback(give_up)

    async def _pass_on(self, answer: Answer) -> None:
        if answer.status is None and answer.error is not None:
            raise answer.error
        if answer.status is None or answer.streaming is not self._route.streaming:
            expected = "a streamed response" if self._route.streaming else "a proxy response"
            raise FunctionError("MalformedProxyResponse", {"errorMessage": f"it did not answer with {expected}"})

        def give_up(_: object) -> None:
            answer.abandon()

        self.connection.hung_up.add_done_callback(give_up)
        try:
            await self._send(answer, answer.status)
        finally:
            self.connection.hung_up.remove_done_callback(give_up)
            answer.abandon()

    async def _send(self, answer: Answer, status: int) -> None:
        headers = response_headers(answer)
        if not answer.streaming:
            await self.connection.respond(status, headers, await answer.read())
            return
        await self.connection.start(status, headers)
        self.started = True
        async for piece in answer.pieces():
            await self.connection.send(piece)
        if answer.error is not None:
            raise answer.error
        await self.connection.finish()
