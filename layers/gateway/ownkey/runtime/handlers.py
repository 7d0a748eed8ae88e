"""Finding the handler that Lambda's `_HANDLER` names."""

import importlib
import sys

from ownkey.runtime.failures import RuntimeFaultError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Handler = Callable[[Any, Any], Any]


def load_handler(name: str) -> "Handler":
    """Import `module.function` and return the function.

    Raises:
        RuntimeFaultError: There is no such thing, in the words that the managed runtime has for it.
    """
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        raise RuntimeFaultError("Runtime.MalformedHandlerName", f"Bad handler '{name}': name it module.function")
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise RuntimeFaultError(
            "Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module_name} as a handler module"
        )
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as exc:
        raise RuntimeFaultError("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {exc}") from exc
    except SyntaxError as exc:
        place = f'  File "{exc.filename}" Line {exc.lineno}\n    {exc.text}'
        message = f"Syntax error in module '{module_name}': {exc}"
        raise RuntimeFaultError("Runtime.UserCodeSyntaxError", message, (place,)) from exc
    try:
        handler: Handler = getattr(module, function_name)
    except AttributeError as exc:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise RuntimeFaultError("Runtime.HandlerNotFound", message) from exc
    return handler
