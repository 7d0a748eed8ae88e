from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from ownkey.domain.audit import Actor, AuditRecord
from ownkey.storage.audit import AuditTrail
from ownkey.storage.table import ConditionFailedError, Table
from tests.support.tables import BOTO_ERRORS, EmulatedAws, emulated_aws

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
ADA = Actor(user_id="ada", source_ip="203.0.113.7")


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        yield aws


@pytest.fixture
def table(aws: EmulatedAws) -> Table:
    return Table(aws.emptied().dynamodb, "Accounts", BOTO_ERRORS)


@pytest.fixture
def trail(aws: EmulatedAws, table: Table) -> AuditTrail:
    return AuditTrail(aws.dynamodb, "Accounts", BOTO_ERRORS, Clock())


def test_a_record_says_who_what_when_and_from_where(trail: AuditTrail, table: Table) -> None:
    table.transact([trail.recording("team#t1", ADA, "member.removed", target="bob", details={"role": "member"})])
    [record], following = trail.page("team#t1", limit=10)
    assert following is None
    assert record == AuditRecord(
        record_id=record.record_id,
        subject="team#t1",
        at="2026-11-23T12:00:00.001Z",
        actor=ADA,
        action="member.removed",
        target="bob",
        details={"role": "member"},
    )


def test_a_trail_is_read_in_pages_newest_first(trail: AuditTrail, table: Table) -> None:
    for target in "abcde":
        table.transact([trail.recording("user#ada", ADA, "gateway_key.created", target=target)])
    table.transact([trail.recording("user#bob", ADA, "gateway_key.created", target="x")])
    seen, before = [], None
    while True:
        records, before = trail.page("user#ada", limit=2, before=before)
        seen += [record.target for record in records]
        if before is None:
            break
    assert seen == ["e", "d", "c", "b", "a"]


def test_a_change_that_does_not_happen_leaves_no_record(trail: AuditTrail, table: Table) -> None:
    with pytest.raises(ConditionFailedError) as raised:
        table.transact(
            [
                trail.recording("team#t1", ADA, "member.removed", target="bob"),
                table.deleting({"pk": "nobody", "sk": "nothing"}, condition="attribute_exists(pk)"),
            ]
        )
    assert raised.value.failed == (1,)
    assert trail.page("team#t1", limit=10) == ([], None)
