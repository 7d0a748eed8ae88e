import base64
import json

from ownkey.runtime.failures import TRAILER_MESSAGE_CHARACTERS, Failure, RuntimeFaultError


def caught(error):
    try:
        raise error
    except Exception as exc:
        return Failure(exc, "id-1")


def test_an_exception_is_told_in_lambdas_words():
    failure = caught(KeyError("gone"))
    fields = json.loads(failure.json())
    assert (fields["errorType"], fields["errorMessage"], fields["requestId"]) == ("KeyError", "'gone'", "id-1")
    assert fields["stackTrace"][-1].endswith("in caught\n    raise error\n")


def test_a_secret_in_a_message_is_told_nowhere():
    failure = caught(ValueError("Incorrect API key provided: sk-live-0123456789abcdefghij"))
    told = failure.json().decode() + base64.b64decode(failure.trailer()).decode() + "".join(failure.lines())
    assert "0123456789" not in told
    assert told.count("[redacted]") == 3


def test_an_exception_that_cannot_say_what_it_is_still_gets_told():
    class MuteError(Exception):
        def __str__(self):
            raise RuntimeError("no")

    assert caught(MuteError()).message == "<MuteError whose message could not be read>"


def test_a_fault_of_the_runtime_has_a_name_of_lambda_and_no_trace_of_ours():
    failure = caught(RuntimeFaultError("Runtime.HandlerNotFound", "no such thing"))
    assert (failure.error_type, failure.message, failure.trace) == ("Runtime.HandlerNotFound", "no such thing", [])


def test_a_trailer_stays_small_whatever_the_message():
    fields = json.loads(base64.b64decode(caught(ValueError("x" * 100_000)).trailer()))
    assert fields == {"errorType": "ValueError", "errorMessage": "x" * TRAILER_MESSAGE_CHARACTERS}


def test_log_lines_keep_their_indentation():
    fault = RuntimeFaultError("Runtime.UserCodeSyntaxError", "", ('  File "a.py" Line 1\n    def', ""))
    assert caught(fault).lines() == [
        "[ERROR] Runtime.UserCodeSyntaxError",
        "Traceback (most recent call last):",
        '\xa0\xa0File "a.py" Line 1',
        "\xa0\xa0\xa0\xa0def",
        "",
    ]
