import sys
from types import SimpleNamespace
from typing import Any

import pytest

from ownkey.runtime.log_sink import LogSink
from ownkey.runtime.snapshot import pass_snapshot


class NotedClient:
    """Stands where the Runtime API's client does, and keeps what it was told."""

    def __init__(self):
        self.told = []

    def wait_for_restore(self):
        self.told.append("snapshot")

    def post_initialization_error(self, body, error_type):
        self.told.append(error_type)
        return 202

    def post_restore_error(self, body, error_type):
        self.told.append(error_type)
        return 202


def passed(monkeypatch, hooks):
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", hooks)
    client = NotedClient()
    pass_snapshot(client, LogSink({}))  # type: ignore[arg-type]
    return client.told


def hooks_of(before=(), after=()):
    entries: list[Any] = [[(hook, ("now",), {}) for hook in each] for each in (before, after)]
    return SimpleNamespace(get_before_snapshot=lambda: entries[0], get_after_restore=lambda: entries[1])


def fail(_):
    raise LookupError("no")


def test_a_handler_without_hooks_is_just_restored(monkeypatch):
    assert passed(monkeypatch, None) == ["snapshot"]


def test_hooks_before_the_snapshot_run_last_to_first_and_those_after_first_to_last(monkeypatch):
    told: list[str] = []
    hooks = hooks_of(
        before=[lambda now: told.append("b1"), lambda now: told.append("b2")],
        after=[lambda now: told.append("a1"), lambda now: told.append("a2")],
    )
    passed(monkeypatch, hooks)
    assert told == ["b2", "b1", "a1", "a2"]


@pytest.mark.parametrize(
    ("hooks", "code"),
    [({"before": [fail]}, 64), ({"after": [fail]}, 65)],
    ids=["before", "after"],
)
def test_a_failing_hook_ends_the_process_with_lambdas_code(monkeypatch, capsys, hooks, code):
    with pytest.raises(SystemExit) as caught:
        passed(monkeypatch, hooks_of(**hooks))
    assert caught.value.code == code
    assert capsys.readouterr().out.startswith("[ERROR] LookupError: no\r")
