"""The `logging` set-up that the managed runtime gives a handler, made at the moment the handler imports `logging`.

Importing it for handlers that do not use it would cost every cold start several milliseconds.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from ownkey.runtime.log_sink import LogSink


def configure_logging(sink: "LogSink") -> None:
    """Set up `logging` now when it is there already, or as soon as somebody imports it."""
    if "logging" in sys.modules:
        _add_root_handler(sink)
    else:
        sys.meta_path.insert(0, _LoggingImport(sink))


class _LoggingImport:
    """Waits on `sys.meta_path` for the first import of `logging`."""

    def __init__(self, sink: "LogSink") -> None:
        self._sink = sink

    def find_spec(
        self, name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        """Let everybody else find modules, but run our set-up after `logging` has run."""
        if name != "logging":
            return None
        from importlib.machinery import PathFinder

        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path, target)
        loader = spec.loader if spec is not None else None
        if loader is not None:
            execute = loader.exec_module

            def exec_module(module: "ModuleType") -> None:
                execute(module)
                _add_root_handler(self._sink)

            setattr(loader, "exec_module", exec_module)  # noqa: B010 - a loader's methods are not declared assignable
        return spec


def _add_root_handler(sink: "LogSink") -> None:
    from ownkey.runtime.log_handler import add_root_handler

    add_root_handler(sink)
