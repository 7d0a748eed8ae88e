from collections.abc import Iterator
from typing import Any

import pytest

from ownkey.domain.errors import StoreUnavailableError
from ownkey.storage import batch
from ownkey.storage.batch import BatchReader
from tests.support.tables import BOTO_ERRORS, BrokenClient, CountingClient, EmulatedAws, client_error, emulated_aws

ONE, TWO = {"pk": "a", "sk": "1"}, {"pk": "a", "sk": "2"}


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        for table, key in (("Accounts", ONE), ("Usage", TWO)):
            item = {name: {"S": value} for name, value in key.items()}
            aws.dynamodb.put_item(TableName=table, Item={**item, "amount": {"N": "0.25"}})
        yield aws


class Busy:
    """Leaves every key but the first unread, `times` times."""

    def __init__(self, client: Any, times: int) -> None:
        self.client, self.times, self.calls = client, times, 0

    def batch_get_item(self, RequestItems: Any) -> Any:  # noqa: N803  # boto3's name
        self.calls += 1
        if self.times == 0:
            return self.client.batch_get_item(RequestItems=RequestItems)
        self.times -= 1
        return {"Responses": {}, "UnprocessedKeys": RequestItems}


def test_items_of_several_tables_come_in_one_consistent_read(aws: EmulatedAws) -> None:
    client = CountingClient(aws.dynamodb)
    found = BatchReader(client, BOTO_ERRORS).read({"Accounts": [ONE, TWO, ONE], "Usage": [TWO], "ProviderKeys": []})
    assert found["Accounts"].keys() == {("a", "1")}
    assert str(found["Usage"]["a", "2"]["amount"]) == "0.25"
    assert found["ProviderKeys"] == {}
    [(name, request)] = client.calls
    assert name == "batch_get_item"
    assert all(part["ConsistentRead"] for part in request["RequestItems"].values())
    assert "ProviderKeys" not in request["RequestItems"]


def test_what_was_left_unread_is_asked_for_again(aws: EmulatedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "PAUSES_SECONDS", (0, 0, 0))
    busy = Busy(aws.dynamodb, times=2)
    assert BatchReader(busy, BOTO_ERRORS).read({"Accounts": [ONE]})["Accounts"]
    assert busy.calls == 3
    with pytest.raises(StoreUnavailableError):
        BatchReader(Busy(aws.dynamodb, times=9), BOTO_ERRORS).read({"Accounts": [ONE]})


def test_a_store_that_is_down_says_so() -> None:
    broken = BrokenClient(client_error("ProvisionedThroughputExceededException"))
    with pytest.raises(StoreUnavailableError, match="ProvisionedThroughputExceeded"):
        BatchReader(broken, BOTO_ERRORS).read({"Accounts": [ONE]})
