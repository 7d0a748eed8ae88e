"""The loop: load the handler once, then event in, answer out, until Lambda ends the process."""

import os
import sys
import time

from ownkey.runtime.client import NOBODY, Invocation, RuntimeApiError, RuntimeClient
from ownkey.runtime.connection import ConnectionLostError
from ownkey.runtime.context import Context
from ownkey.runtime.failures import Failure, RuntimeFaultError
from ownkey.runtime.handlers import load_handler
from ownkey.runtime.log_format import configure_logging
from ownkey.runtime.log_sink import LogSink
from ownkey.runtime.response import Pieces, close_body, is_proxy_response, render_prelude, render_result, whole_body

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import Any

    from ownkey.runtime.handlers import Handler

CLOSING_SECONDS = 15
"""Kept back of a call's time for what a body does when it is closed: a caller who takes nothing must not use it up."""
TRACE_VARIABLE = "_X_AMZN_TRACE_ID"


def main() -> None:
    """Run until Lambda ends the process; exits when the handler cannot be loaded or the Runtime API is gone."""
    _flush_every_line()
    environment = os.environ
    sink = LogSink(environment)
    configure_logging(sink)
    client = RuntimeClient(environment["AWS_LAMBDA_RUNTIME_API"])
    handler = _load(client, sink, environment)
    if environment.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        from ownkey.runtime.snapshot import pass_snapshot

        pass_snapshot(client, sink)
    loop = RuntimeLoop(client, handler, sink, environment)
    try:
        while True:
            loop.serve_one()
    except RuntimeApiError as exc:
        sys.exit(f"ownkey.runtime: {exc}")
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        client.close()


def _load(client: RuntimeClient, sink: LogSink, environment: "MutableMapping[str, str]") -> "Handler":
    task_root = environment.get("LAMBDA_TASK_ROOT")
    if task_root and task_root not in sys.path[:1]:
        sys.path.insert(0, task_root)
    try:
        return load_handler(environment.get("_HANDLER", ""))
    except Exception as exc:
        failure = Failure(exc)
        sink.write_failure(failure)
        client.post_initialization_error(failure.json(), failure.error_type)
        client.close()
        sys.exit(1)


class RuntimeLoop:
    """Serves invocations one after the other with one handler."""

    __slots__ = ("_client", "_environment", "_handler", "_sink")

    def __init__(
        self, client: RuntimeClient, handler: "Handler", sink: LogSink, environment: "MutableMapping[str, str]"
    ) -> None:
        self._client = client
        self._handler = handler
        self._sink = sink
        self._environment = environment

    def serve_one(self) -> None:
        """Wait for an event and answer it, whatever the handler does.

        Raises:
            RuntimeApiError: There will be no more events.
        """
        invocation = self._client.next_invocation()
        self._sink.request_id = invocation.request_id
        self._sink.tenant_id = invocation.header("aws-tenant-id")
        self._set_trace_id(invocation.header("trace-id"))
        try:
            result = self._handler(_event(invocation), Context(invocation, self._environment))
            status = self._answer(invocation, result)
        except Exception as exc:
            failure = self._log_failure(exc)
            status = self._client.post_error(invocation, failure.json(), failure.error_type)
        if status >= 300:
            self._log_failure(RuntimeFaultError("Runtime.AnswerRefused", f"the Runtime API answered {status}"))
        sys.stdout.flush()

    def _set_trace_id(self, trace_id: str | None) -> None:
        if trace_id is None:
            self._environment.pop(TRACE_VARIABLE, None)
        else:
            self._environment[TRACE_VARIABLE] = trace_id

    def _answer(self, invocation: Invocation, result: "Any") -> int:
        """Send a result. Raises only while nothing has been sent yet."""
        if not is_proxy_response(result):
            return self._client.post_result(invocation, *render_result(result))
        try:
            prelude = render_prelude(result)
        except RuntimeFaultError:
            close_body(result.get("body"))
            raise
        body = whole_body(result)
        if body is not None:
            return self._client.post_whole_stream(invocation, prelude, body)
        pieces = Pieces(result["body"])
        try:
            return self._stream(invocation, prelude, pieces)
        finally:
            self._close(pieces)

    def _stream(self, invocation: Invocation, prelude: bytes, pieces: Pieces) -> int:
        try:
            stream = self._client.open_stream(invocation, prelude)
        except ConnectionLostError:
            return NOBODY
        try:
            for piece in pieces:
                stream.send(piece, _patience_seconds(invocation))
        except ConnectionLostError:
            return NOBODY
        except Exception as exc:
            failure = self._log_failure(exc)
            return stream.fail(failure.error_type, failure.trailer())
        except BaseException:
            stream.abandon()
            raise
        return stream.finish()

    def _close(self, pieces: Pieces) -> None:
        try:
            pieces.close()
        except Exception as exc:
            self._log_failure(exc)

    def _log_failure(self, error: Exception) -> Failure:
        failure = Failure(error, self._sink.request_id)
        self._sink.write_failure(failure)
        return failure


def _patience_seconds(invocation: Invocation) -> float:
    """Return how long a piece may wait to be taken."""
    left_seconds = int(invocation.header("deadline-ms") or 0) / 1000 - time.time()
    return max(1.0, left_seconds - CLOSING_SECONDS)


def _event(invocation: Invocation) -> "Any":
    if invocation.headers.get("content-type", "application/json") != "application/json":
        return invocation.body
    import json

    try:
        return json.loads(invocation.body)
    except ValueError as exc:
        raise RuntimeFaultError("Runtime.UnmarshalError", f"Unable to unmarshal input: {exc}") from exc


def _flush_every_line() -> None:
    """Standard streams are pipes in Lambda: a line must not wait there for the next."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(line_buffering=True, errors="backslashreplace")
