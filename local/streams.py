"""Hands a table's stream to a function, in batches, as Lambda's event source mapping does: what failed comes again.

The emulator could do it, but it would run the function itself, outside of its worker, its role and its log.
"""

import asyncio
import base64
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.deployment import StreamSource
from local.pool import FunctionPool, TooManyWorkersError
from local.runtime_api import FunctionError

PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 2.0
DRAIN_SECONDS = 10

Record = Mapping[str, Any]


class StreamReader:
    """Reads one stream from now on. Batches are handed over in order, one at a time."""

    def __init__(
        self, source: StreamSource, client: Callable[[str], Any], pool: FunctionPool, warn: Callable[[str], None]
    ) -> None:
        self._source = source
        self._streams, self._queues = client("dynamodbstreams"), client("sqs")
        self._pool = pool
        self._warn = warn
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to read what is put into the table from here on."""
        iterator = await asyncio.to_thread(self._begin)
        self._task = asyncio.create_task(self._run(iterator))

    async def stop(self) -> None:
        """Hand over what is there already, and end."""
        self._stopping.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=DRAIN_SECONDS)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, iterator: str) -> None:
        pause = PAUSE_SECONDS
        while True:
            try:
                records, iterator = await asyncio.to_thread(self._next, iterator)
            except (ClientError, BotoCoreError) as error:
                self._warn(f"The stream of {self._source.function} cannot be read: {error}")
                pause, records = LONGEST_PAUSE_SECONDS, []
            wanted = [record for record in records if self._wants(record)]
            for start in range(0, len(wanted), self._source.batch_size):
                await self._deliver(wanted[start : start + self._source.batch_size])
            if not records:
                if self._stopping.is_set():
                    return
                await self._wait(pause)

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    def _begin(self) -> str:
        arn = self._source.stream_arn
        # The emulator's streams have one shard.
        [shard] = self._streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        begun = self._streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )
        return str(begun["ShardIterator"])

    def _next(self, iterator: str) -> tuple[list[Record], str]:
        answer = self._streams.get_records(ShardIterator=iterator)
        return answer["Records"], answer["NextShardIterator"]

    def _wants(self, record: Record) -> bool:
        patterns = self._source.patterns
        return not patterns or any(matches(record, pattern) for pattern in patterns)

    async def _deliver(self, batch: Sequence[Record], tried: int = 0) -> None:
        """Hand over a batch until all of it is taken, or given up. A call that fails as a whole is halved."""
        while batch:
            try:
                failed = await self._invoke(batch)
            except (FunctionError, TooManyWorkersError, TimeoutError, ValueError) as error:
                self._warn(f"{self._source.function} failed on {len(batch)} records: {error}")
                if len(batch) > 1:
                    middle = len(batch) // 2
                    await self._deliver(batch[:middle], tried)
                    await self._deliver(batch[middle:], tried)
                    return
                failed = 0
            if failed is None:
                return
            # All before the first that failed is done with; that one begins its own count.
            tried = tried + 1 if failed == 0 else 1
            batch = batch[failed:]
            if tried > self._source.retries:
                await asyncio.to_thread(self._give_up, batch)
                return
            await self._wait(min(LONGEST_PAUSE_SECONDS, 0.05 * 2**tried))

    async def _invoke(self, batch: Sequence[Record]) -> int | None:
        """Return the place of the first record that has to come again; None when there is none."""
        event = {"Records": [{**record, "eventSourceARN": self._source.stream_arn} for record in batch]}
        async with self._pool.worker() as worker, asyncio.timeout(self._pool.function.timeout_seconds):
            answer = await worker.invoke(
                json.dumps(event, default=_wire).encode(),
                request_id=str(uuid.uuid4()),
                trace_id="Root=1-00000000-000000000000000000000000",
            )
            if answer.error is not None:
                raise answer.error
            said = json.loads(await answer.read())
        names = {each["itemIdentifier"] for each in (said or {}).get("batchItemFailures", ())}
        places = [place for place, record in enumerate(batch) if record["dynamodb"]["SequenceNumber"] in names]
        if names and not places:
            return 0
        return min(places, default=None)

    def _give_up(self, batch: Sequence[Record]) -> None:
        self._warn(f"{self._source.function} gave {len(batch)} records up")
        numbers = [record["dynamodb"]["SequenceNumber"] for record in (batch[0], batch[-1])]
        said = {"streamArn": self._source.stream_arn, "batchSize": len(batch)}
        said |= {"startSequenceNumber": numbers[0], "endSequenceNumber": numbers[1]}
        url = self._queues.get_queue_url(QueueName=self._source.failures_queue)["QueueUrl"]
        self._queues.send_message(QueueUrl=url, MessageBody=json.dumps({"DDBStreamBatchInfo": said}))


def matches(value: Any, pattern: Any) -> bool:
    """Return whether a record fits a filter's pattern: equal values and prefixes, as far as our template has them."""
    if isinstance(pattern, Mapping):
        return isinstance(value, Mapping) and all(matches(value.get(name), part) for name, part in pattern.items())
    return any(
        isinstance(value, str) and value.startswith(each["prefix"]) if isinstance(each, Mapping) else value == each
        for each in pattern
    )


def _wire(value: Any) -> Any:
    if isinstance(value, datetime):
        return int(value.timestamp())
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} does not occur in a stream")
