import sys

import pytest

from ownkey.runtime.failures import RuntimeFaultError
from ownkey.runtime.handlers import load_handler


def test_a_handler_is_a_function_of_a_module(tmp_path, monkeypatch):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "till.py").write_text("def lambda_handler(event, context):\n    return event\n")
    monkeypatch.syspath_prepend(tmp_path)
    try:
        assert load_handler("shop.till.lambda_handler")(5, None) == 5
        assert load_handler("shop/till.lambda_handler")(6, None) == 6
    finally:
        sys.modules.pop("shop.till", None)
        sys.modules.pop("shop", None)


@pytest.mark.parametrize(
    ("name", "error_type", "message"),
    [
        ("", "Runtime.MalformedHandlerName", "Bad handler ''"),
        ("app", "Runtime.MalformedHandlerName", "Bad handler 'app'"),
        ("sys.exit", "Runtime.BuiltInModuleConflict", "Cannot use built-in module sys as a handler module"),
        (
            "not_there.run",
            "Runtime.ImportModuleError",
            "Unable to import module 'not_there': No module named 'not_there'",
        ),
        ("json.not_there", "Runtime.HandlerNotFound", "Handler 'not_there' missing on module 'json'"),
    ],
)
def test_what_is_wrong_with_a_handler_is_said_in_lambdas_words(name, error_type, message):
    with pytest.raises(RuntimeFaultError) as caught:
        load_handler(name)
    assert caught.value.error_type == error_type
    assert caught.value.message.startswith(message)


def test_a_syntax_error_is_told_with_its_place(tmp_path, monkeypatch):
    (tmp_path / "torn.py").write_text("def run(:\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RuntimeFaultError) as caught:
        load_handler("torn.run")
    assert caught.value.error_type == "Runtime.UserCodeSyntaxError"
    assert caught.value.trace == (f'  File "{tmp_path}/torn.py" Line 1\n    def run(:\n',)
