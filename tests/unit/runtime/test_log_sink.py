import json
import logging
import os
import subprocess
import sys

import pytest

from ownkey.runtime.failures import Failure
from ownkey.runtime.log_handler import JsonFormatter, SinkHandler, add_root_handler
from ownkey.runtime.log_sink import LogSink


def test_messages_go_to_standard_output_when_there_is_no_descriptor(capsys):
    LogSink({}).write("as it is\n")
    assert capsys.readouterr().out == "as it is\n"


@pytest.mark.parametrize("descriptor", ["987", "not a number"])
def test_a_descriptor_that_cannot_be_used_is_not(capsys, descriptor):
    LogSink({"_LAMBDA_TELEMETRY_LOG_FD": descriptor}).write("still there")
    assert capsys.readouterr().out == "still there"


@pytest.mark.parametrize(
    ("variables", "level", "frame_type"),
    [
        ({}, 0, 0xA55A0003),
        ({}, 40, 0xA55A0017),
        ({"AWS_LAMBDA_LOG_FORMAT": "JSON"}, 10, 0xA55A000A),
        ({"AWS_LAMBDA_LOG_FORMAT": "json"}, 50, 0xA55A001A),
    ],
)
def test_a_frame_says_what_kind_of_message_it_holds(variables, level, frame_type):
    reading, writing = os.pipe()
    environment = {"_LAMBDA_TELEMETRY_LOG_FD": str(writing), **variables}
    LogSink(environment).write("grüß", level)
    os.close(writing)
    frame = os.read(reading, 1000)
    os.close(reading)
    assert int.from_bytes(frame[:4], "big") == frame_type
    assert (int.from_bytes(frame[4:8], "big"), frame[16:].decode()) == (6, "grüß")
    assert "_LAMBDA_TELEMETRY_LOG_FD" not in environment


def test_a_failure_is_one_message(capsys):
    LogSink({}).write_failure(Failure(ValueError("two\nlines")))
    LogSink({"AWS_LAMBDA_LOG_FORMAT": "JSON"}).write_failure(Failure(ValueError("two\nlines")))
    text, entry = capsys.readouterr().out.removesuffix("\n").rsplit("\n", 1)
    assert text == "[ERROR] ValueError: two\nlines\rTraceback (most recent call last):"
    assert json.loads(entry)["level"] == "ERROR"


def test_records_carry_the_id_of_their_call(capsys):
    sink = LogSink({"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "trace"})
    sink.request_id = "id-1"
    handler = SinkHandler(sink)
    handler.setFormatter(JsonFormatter())
    record = logging.LogRecord("shop", 25, "a.py", 1, {"size": 3}, None, None)
    record.extra_field = object
    handler.handle(record)
    entry = json.loads(capsys.readouterr().out)
    assert (entry["requestId"], entry["level"], entry["message"]) == ("id-1", "INFO", {"size": 3})
    assert entry["extra_field"] == str(object)
    assert sink.level_name == "DEBUG"


def test_the_root_logger_gets_lambdas_level_and_format(monkeypatch, capsys):
    root = logging.RootLogger(logging.WARNING)
    monkeypatch.setattr(logging, "getLogger", lambda: root)
    add_root_handler(LogSink({"AWS_LAMBDA_LOG_LEVEL": "DEBUG"}))
    root.debug("seen")
    assert capsys.readouterr().out.startswith("[DEBUG]\t")
    assert root.level == logging.DEBUG


@pytest.mark.parametrize("first", ["", "import logging; "])
def test_logging_is_set_up_when_somebody_imports_it(first):
    program = f"""{first}import sys
from ownkey.runtime.log_format import configure_logging
from ownkey.runtime.log_sink import LogSink
configure_logging(LogSink({{}}))
print("logging" in sys.modules)
import logging
logging.warning("careful")
"""
    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    was_there, line = ended.stdout.splitlines()
    assert was_there == str(bool(first))
    assert line.startswith("[WARNING]\t")
    assert line.endswith("\tcareful")
    assert ended.stderr == ""


def test_the_loop_imports_little():
    """What the loop imports, every cold start pays for before its first poll."""
    heavy = "{'http', 'email', 'ssl', 'logging', 'dataclasses', 'typing', 'traceback', 'boto3', 'requests', 'asyncio'}"
    program = f"import sys, ownkey.runtime.loop; print(sorted({heavy} & set(sys.modules)))"
    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert ended.stdout == "[]\n"
