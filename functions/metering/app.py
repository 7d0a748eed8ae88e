"""Usage records, as the Usage table streams them: added up and charged, each exactly once. No KMS, no provider key."""

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from ownkey.api.stream_records import new_items
from ownkey.bootstrap.metering import build_metering_service
from ownkey.config import Settings
from ownkey.storage.keyspace import USAGE_PREFIX

metering = cache(lambda: build_metering_service(Settings.from_environment()))
# Where every record failed, too, the answer says which: they come again one by one, as with any other failure.
processor = BatchProcessor(event_type=EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Settle a batch of records together, and report those that have to come again."""
    failures = metering().settle(new_items(event, USAGE_PREFIX))

    def report(record: DynamoDBRecord) -> None:
        if record.event_id in failures:
            raise failures[record.event_id]

    return process_partial_response(event=event, record_handler=report, processor=processor, context=context)
