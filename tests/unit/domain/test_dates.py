"""Moments are written in UTC, so that text order is time order."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ownkey.domain.dates import iso_utc, utc_now

moments = st.datetimes(min_value=datetime(1000, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.timezones())  # noqa: DTZ001


@given(first=moments, second=moments)
def test_text_order_is_time_order(first: datetime, second: datetime) -> None:
    if first + timedelta(seconds=1) <= second:
        assert iso_utc(first) < iso_utc(second)


@given(moment=moments)
def test_a_written_moment_is_read_back_to_its_precision(moment: datetime) -> None:
    assert datetime.fromisoformat(iso_utc(moment)) == moment.astimezone(UTC).replace(microsecond=0)
    assert moment - datetime.fromisoformat(iso_utc(moment, "milliseconds")) < timedelta(milliseconds=1)


def test_a_moment_has_one_form() -> None:
    moment = datetime.fromisoformat("2026-11-23T12:20:09.987654+02:00")
    assert iso_utc(moment) == "2026-11-23T10:20:09Z"
    assert iso_utc(moment, "milliseconds") == "2026-11-23T10:20:09.987Z"
    assert utc_now().tzinfo is UTC


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        iso_utc(datetime(2026, 11, 23))  # noqa: DTZ001
