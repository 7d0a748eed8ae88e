import importlib.util
import sys

from ownkey.runtime import log_format
from ownkey.runtime.log_sink import LogSink


def test_logging_that_is_there_already_is_set_up_at_once(monkeypatch):
    set_up: list[LogSink] = []
    monkeypatch.setattr(log_format, "_add_root_handler", set_up.append)
    sink = LogSink({})
    log_format.configure_logging(sink)
    assert set_up == [sink]


def test_logging_is_set_up_when_it_has_run_and_only_then(monkeypatch):
    set_up: list[LogSink] = []
    monkeypatch.setattr(log_format, "_add_root_handler", set_up.append)
    monkeypatch.setattr(sys, "meta_path", sys.meta_path[:])
    monkeypatch.delitem(sys.modules, "logging")
    sink = LogSink({})
    log_format.configure_logging(sink)
    finder = sys.meta_path[0]
    assert finder.find_spec("json", None) is None
    spec = finder.find_spec("logging", None)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    assert set_up == []
    spec.loader.exec_module(module)
    assert set_up == [sink]
    assert module.WARNING == 30
    assert finder not in sys.meta_path
