"""SnapStart: run the hooks that the handler registered, around the moment the process is frozen and thawed."""

import sys

from ownkey.runtime.client import RuntimeClient
from ownkey.runtime.failures import Failure
from ownkey.runtime.log_sink import LogSink

SNAPSHOT_FAILED, RESTORE_FAILED = 64, 65


def pass_snapshot(client: RuntimeClient, sink: LogSink) -> None:
    """Return in the restored process. Exits, as the managed runtime does, when a hook fails."""
    try:
        _run_before_snapshot()
        client.wait_for_restore()
    except Exception as exc:
        failure = Failure(exc)
        sink.write_failure(failure)
        client.post_initialization_error(failure.json(), "Runtime.BeforeSnapshotError")
        sys.exit(SNAPSHOT_FAILED)
    try:
        _run_after_restore()
    except Exception as exc:
        failure = Failure(exc)
        sink.write_failure(failure)
        client.post_restore_error(failure.json(), "Runtime.AfterRestoreError")
        sys.exit(RESTORE_FAILED)


def _run_before_snapshot() -> None:
    hooks = sys.modules.get("snapshot_restore_py")  # no handler registered a hook without importing it
    if hooks is None:
        return
    registered = hooks.get_before_snapshot()
    while registered:
        hook, arguments, keywords = registered.pop()
        hook(*arguments, **keywords)


def _run_after_restore() -> None:
    hooks = sys.modules.get("snapshot_restore_py")
    if hooks is None:
        return
    for hook, arguments, keywords in hooks.get_after_restore():
        hook(*arguments, **keywords)
