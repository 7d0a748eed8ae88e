"""Batches of a stream, with a function that takes what it is told to take."""

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from local import streams
from local.deployment import StreamSource
from local.runtime_answers import buffered_answer, failed_answer
from local.streams import StreamReader, matches

PATTERN = {"eventName": ["INSERT"], "dynamodb": {"Keys": {"sk": {"S": [{"prefix": "usage#"}]}}}}
MOMENT = datetime(2026, 11, 23, tzinfo=UTC)


def record(number, *, name="INSERT", sk="usage#"):
    return {
        "eventID": f"e{number}",
        "eventName": name,
        "dynamodb": {
            "ApproximateCreationDateTime": MOMENT,
            "Keys": {"pk": {"S": "p"}, "sk": {"S": f"{sk}{number}"}},
            "NewImage": {"octets": {"B": b"\0\1"}},
            "SequenceNumber": f"{number}",
        },
    }


class Function:
    """Takes batches; `refuses` says which records come again, or raises."""

    def __init__(self, refuses=lambda numbers: ()):
        self.batches: list[list[int]] = []
        self.events: list[Any] = []
        self.function = SimpleNamespace(timeout_seconds=5)
        self._refuses = refuses

    @asynccontextmanager
    async def worker(self):
        yield self

    async def invoke(self, event, *, request_id, trace_id):
        said = json.loads(event)
        self.events.append(said)
        numbers = [int(each["dynamodb"]["SequenceNumber"]) for each in said["Records"]]
        self.batches.append(numbers)
        try:
            refused = [{"itemIdentifier": f"{number}"} for number in self._refuses(numbers)]
        except ValueError:
            return failed_answer("Runtime.Failed", "it broke")
        return buffered_answer(json.dumps({"batchItemFailures": refused}).encode())


class Aws:
    """A stream with one shard, and a queue."""

    def __init__(self, *records):
        self.waiting, self.told = list(records), []

    def __call__(self, service):
        return self

    def describe_stream(self, **_):
        return {"StreamDescription": {"Shards": [{"ShardId": "shard"}]}}

    def get_shard_iterator(self, **request):
        assert request["ShardIteratorType"] == "TRIM_HORIZON"
        return {"ShardIterator": "0"}

    def get_records(self, **_):
        records, self.waiting = self.waiting, []
        return {"Records": records, "NextShardIterator": "1"}

    def get_queue_url(self, **request):
        return {"QueueUrl": f"http://{request['QueueName']}"}

    def send_message(self, **request):
        self.told.append((request["QueueUrl"], json.loads(request["MessageBody"])["DDBStreamBatchInfo"]))


def read(aws, function, *, batch_size=10, retries=3):
    """Read the whole stream, and return what the operator was warned of."""
    warnings: list[str] = []
    source = StreamSource(
        function="F",
        stream_arn="arn",
        patterns=(PATTERN,),
        batch_size=batch_size,
        retries=retries,
        failures_queue="queue",
    )

    async def run():
        reader = StreamReader(source, aws, function, warnings.append)
        await reader.start()
        await reader.stop()

    asyncio.run(run())
    return warnings


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    async def at_once(self, seconds):
        await asyncio.sleep(0)

    monkeypatch.setattr(StreamReader, "_wait", at_once)


def test_records_come_in_order_in_batches_of_the_size_that_is_deployed():
    function = Function()
    assert read(Aws(*map(record, range(5))), function, batch_size=2) == []
    assert function.batches == [[0, 1], [2, 3], [4]]


def test_records_look_as_lambda_shows_them():
    function = Function()
    read(Aws(record(1)), function)
    [said] = function.events[0]["Records"]
    assert said["eventSourceARN"] == "arn"
    assert said["dynamodb"]["ApproximateCreationDateTime"] == int(MOMENT.timestamp())
    assert said["dynamodb"]["NewImage"] == {"octets": {"B": "AAE="}}


def test_what_the_filter_leaves_out_is_not_handed_over():
    function = Function()
    read(Aws(record(1), record(2, name="MODIFY"), record(3, sk="settled#"), record(4)), function)
    assert function.batches == [[1, 4]]


def test_what_failed_comes_again_with_all_that_follows():
    tries = iter(([3, 2], [3], []))
    function = Function(lambda numbers: next(tries))
    assert read(Aws(*map(record, range(5))), function) == []
    assert function.batches == [[0, 1, 2, 3, 4], [2, 3, 4], [3, 4]]


def test_a_record_that_never_works_is_given_up_and_told():
    aws, function = Aws(*map(record, range(4))), Function(lambda numbers: [n for n in numbers if n == 1])
    assert read(aws, function, retries=2) == ["F gave 3 records up"]
    assert function.batches == [[0, 1, 2, 3], [1, 2, 3], [1, 2, 3]]
    [(queue, said)] = aws.told
    assert queue == "http://queue"
    assert (said["startSequenceNumber"], said["endSequenceNumber"], said["batchSize"]) == ("1", "3", 3)


def test_a_call_that_fails_as_a_whole_is_halved_until_the_culprit_is_alone():
    def breaks(numbers):
        if 2 in numbers:
            raise ValueError
        return ()

    aws, function = Aws(*map(record, range(4))), Function(breaks)
    read(aws, function, retries=1)
    assert [0, 1] in function.batches
    assert [3] in function.batches
    assert [said["startSequenceNumber"] for _, said in aws.told] == ["2"]


def test_what_comes_while_it_ends_is_handed_over():
    function: Any = Function()

    async def run():
        aws: Any = Aws()
        source = StreamSource(
            function="F", stream_arn="arn", patterns=(), batch_size=9, retries=1, failures_queue="queue"
        )
        reader = StreamReader(source, aws, function, print)
        await reader.start()
        aws.waiting.append(record(1))
        await reader.stop()

    asyncio.run(run())
    assert function.batches == [[1]]


@pytest.mark.parametrize(
    ("value", "pattern", "fits"),
    [
        ("usage#1", [{"prefix": "usage#"}], True),
        ("x", [{"prefix": "usage#"}], False),
        (None, [{"prefix": "usage#"}], False),
        ("INSERT", ["INSERT", "MODIFY"], True),
        ({"a": "1"}, {"a": ["1"]}, True),
        ({"a": "1"}, {"b": ["1"]}, False),
        ("1", {"a": ["1"]}, False),
    ],
)
def test_patterns(value, pattern, fits):
    assert matches(value, pattern) is fits


def test_what_a_stream_cannot_have_is_an_error():
    with pytest.raises(TypeError):
        streams._wire(object())
