"""Periods, groups, whose figures, and pages of CSV."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ownkey.domain.errors import ForbiddenError, InvalidParameterError, NotFoundError
from ownkey.domain.figures import Figures, Rollup
from ownkey.domain.identity import GatewayKey, Principal
from ownkey.domain.teams import ByokMode, Team, TeamStatus
from ownkey.services import usage_export, usage_figures
from ownkey.services.usage_export import CsvPage, UsageExport
from ownkey.services.usage_periods import Period, period_of, team_period_of
from ownkey.services.usage_reports import OLD_PARAMETERS, UsageReports

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PROGRAM = Principal(user_id="ada", credential="gateway_key", gateway_key_id="g1")
PERSON = Principal(user_id="ada", credential="session")
TEAM = Team(
    team_id="t1", name="T", owner_id="olga", status=TeamStatus.ACTIVE, byok_mode=ByokMode.DISABLED, created_at="x"
)
NOVEMBER = {"from": "2026-11-01", "to": "2026-11-23"}


def rollup(day: str = "2026-11-20", **changes: Any) -> Rollup:
    fields: dict[str, Any] = {
        "day": day,
        "user_id": "ada",
        "team_id": None,
        "gateway_key_id": "g1",
        "provider": "groq",
        "model": "m",
        "figures": Figures(requests=1, amount_usd=Decimal("0.1")),
    }
    return Rollup(**fields | changes)


class Store:
    """Sums, records, keys, members and balances in memory."""

    def __init__(self, *rollups: Rollup, records: Iterable[tuple[str, dict[str, Any]]] = ()) -> None:
        self._rollups, self._records = rollups, list(records)
        self.read: list[tuple[str, str]] = []

    def of_user(self, user_id: str, first: str, last: str, *, after: str | None = None) -> Any:
        self.read.append((first, last))
        if self._records:
            return ((p, r) for p, r in self._records if p > (after or "") and first <= p[:10] <= last)
        return [each for each in self._rollups if first <= each.day <= last]

    def of_team(self, team_id: str, first: str, last: str) -> list[Rollup]:
        self.read.append((first, last))
        return [each for each in self._rollups if first <= each.day <= last]

    def list_gateway_keys(self, user_id: str) -> list[GatewayKey]:
        return [GatewayKey(key_id="g1", user_id=user_id, secret_sha256="0", name="n", created_at="x")]

    def members(self, team_id: str) -> list[Any]:
        return []

    def balance_of(self, user_id: str) -> Decimal:
        return Decimal("12.50")


def reports(*rollups: Rollup, store: Store | None = None) -> UsageReports:
    store = store or Store(*rollups)
    return UsageReports(rollups=store, balances=store, keys=store, members=store, now=lambda: NOW)


def export(*rollups: Rollup, records: Iterable[tuple[str, dict[str, Any]]] = ()) -> UsageExport:
    store = Store(*rollups, records=records)
    return UsageExport(reports=reports(store=store), records=store)


def lines(page: CsvPage) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(page.text)))


def test_periods() -> None:
    assert period_of(None, None, NOW) == Period(date(2026, 10, 25), date(2026, 11, 23))
    assert list(period_of("2026-11-22", "2026-11-23", NOW).days()) == ["2026-11-22", "2026-11-23"]
    assert period_of("2025-11-23", "2026-11-23", NOW) == Period(date(2025, 11, 23), date(2026, 11, 23))


@pytest.mark.parametrize(
    ("first", "last", "param"),
    [
        ("2026-11-01", None, "to"),
        (None, "2026-11-01", "from"),
        ("2026-11-02", "2026-11-01", "from"),
        ("2026-11-01", "2026-11-24", "to"),
        ("2025-11-22", "2026-11-23", "from"),
        ("20261101", "2026-11-02", "from"),
        ("2026-13-01", "2026-11-02", "from"),
        ("2026-11-01T00:00:00Z", "2026-11-02", "from"),
        ("soon", "later", "from"),
    ],
)
def test_wrong_periods_are_named(first: str | None, last: str | None, param: str) -> None:
    with pytest.raises(InvalidParameterError) as raised:
        period_of(first, last, NOW)
    assert raised.value.param == param


def test_periods_of_teams() -> None:
    assert team_period_of(None, None, NOW) == Period(date(2026, 11, 1), date(2026, 11, 23))
    assert team_period_of("2026-11-01T23:30:00-02:00", "2026-11-30T00:00:00Z", NOW) == Period(
        date(2026, 11, 2), date(2026, 11, 30)
    )
    with pytest.raises(InvalidParameterError):
        team_period_of("2025-01-01", "2026-11-01", NOW)
    for first, last in (("soon", None), ("0001-01-01T00:00:00+01:00", None), (None, "9999-12-31")):
        with pytest.raises(InvalidParameterError):
            team_period_of(first, last, NOW)


def test_the_named_groups_have_arrays_of_their_own() -> None:
    two = (rollup(), rollup("2026-11-21", model="n"), rollup(gateway_key_id="g2"))
    report = reports(*two).own(PERSON, NOVEMBER)
    assert [(row["date"], row["requests"]) for row in report["byDay"]] == [("2026-11-20", 2), ("2026-11-21", 1)]
    assert [(row["model"], row["amount"]) for row in report["byModel"]] == [("m", "0.2"), ("n", "0.1")]
    assert len(report["byDayModel"]) == 2
    assert report["totals"]["costUsd"] == 0.3
    assert report["totals"]["amount"] == "0.3"
    only = reports(*two).own(PERSON, {**NOVEMBER, "group_by": "model"})
    assert "byModel" in only
    assert not {"byDay", "byDayModel", "rows"} & only.keys()


def test_other_groups_are_rows() -> None:
    report = reports(rollup(team_id="t1"), rollup(gateway_key_id=None)).own(PERSON, {"group_by": "team,api_key"})
    assert [(row["apiKeyId"], row["teamId"]) for row in report["rows"]] == [(None, None), ("g1", "t1")]
    assert report["groupBy"] == "api_key,team"


@pytest.mark.parametrize("group_by", ["hour", "day,day", "member", "day,,model"])
def test_unknown_groups_are_refused(group_by: str) -> None:
    with pytest.raises(InvalidParameterError):
        reports().own(PERSON, {"group_by": group_by})


def test_a_gateway_key_sees_itself_alone() -> None:
    two = (rollup(), rollup(gateway_key_id="g2"))
    for query in ({}, {"scope": "current_key"}, {"scope": "api_key", "api_key_id": "g1"}):
        assert reports(*two).own(PROGRAM, query)["totals"]["requests"] == 1
    for query in ({"scope": "api_key", "api_key_id": "g2"}, {"scope": "account"}):
        with pytest.raises(ForbiddenError):
            reports(*two).own(PROGRAM, query)


def test_a_person_sees_all_of_theirs_or_one_of_their_keys() -> None:
    two = (rollup(), rollup(gateway_key_id="g2"))
    assert reports(*two).own(PERSON, {})["totals"]["requests"] == 2
    assert reports(*two).own(PERSON, {"scope": "api_key", "api_key_id": "g1"})["totals"]["requests"] == 1
    with pytest.raises(NotFoundError):
        reports(*two).own(PERSON, {"scope": "api_key", "api_key_id": "g2"})
    with pytest.raises(ForbiddenError):
        reports(*two).own(PERSON, {"scope": "current_key"})
    for query in ({"scope": "api_key"}, {"scope": "everybody"}):
        with pytest.raises(InvalidParameterError):
            reports(*two).own(PERSON, query)


@pytest.mark.parametrize("name", OLD_PARAMETERS)
def test_parameters_of_older_interfaces_are_refused(name: str) -> None:
    with pytest.raises(InvalidParameterError) as raised:
        reports().own(PROGRAM, {name: "1"})
    assert raised.value.param == name


def test_a_team_is_told_apart_by_more_than_its_members_on_request() -> None:
    report = reports(rollup(user_id="ada"), rollup(user_id="bob", model="n")).team(
        TEAM, {"from": "2026-11-01", "to": "2026-11-23", "group_by": "model,day"}
    )
    assert [row["actorSessionId"] for row in report["byActor"]] == ["ada", "bob"]
    assert [(row["date"], row["model"]) for row in report["rows"]] == [("2026-11-20", "m"), ("2026-11-20", "n")]
    assert "memberId" not in report["rows"][0]


def test_a_report_has_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [rollup(model=f"m{n}") for n in range(4)]
    monkeypatch.setattr(usage_figures, "MOST_ROWS", 3)
    with pytest.raises(InvalidParameterError, match="more than 3 rows"):
        reports(*many).own(PERSON, {})
    assert reports(*many).own(PERSON, {"group_by": "day"})["totals"]["requests"] == 4
    monkeypatch.setattr(usage_figures, "MOST_SUMS", 3)
    with pytest.raises(InvalidParameterError, match="too much usage"):
        reports(*many).own(PERSON, {"group_by": "day"})


# CSV.


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])  # noqa: RUF001
def test_text_from_callers_cannot_become_a_formula(text: str) -> None:
    [line] = lines(export(rollup(model=text)).own(PERSON, NOVEMBER))
    assert line["model"] == f"'{text}"
    assert line["requests"] == "1"


def test_text_with_commas_and_quotes_stays_one_cell() -> None:
    [line] = lines(export(rollup(model='a,"b"\r\nc')).own(PERSON, NOVEMBER))
    assert line["model"] == 'a,"b"\r\nc'


def test_a_key_exports_its_own_days() -> None:
    assert len(lines(export(rollup(), rollup(gateway_key_id="g2")).own(PROGRAM, NOVEMBER))) == 1


def test_days_are_exported_in_pages_of_whole_days(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_export, "MOST_LINES_OF_DAYS", 3)
    days = [rollup(f"2026-11-{day:02d}", model=f"m{n}") for day in (1, 2, 3) for n in range(2)]
    exporting, seen, query = export(*days), [], dict(NOVEMBER)
    for _ in range(9):
        page = exporting.own(PERSON, query)
        seen.append([line["date"] for line in lines(page)])
        if page.next_cursor is None:
            break
        query["cursor"] = page.next_cursor
    assert seen == [["2026-11-01"] * 2, ["2026-11-02"] * 2, ["2026-11-03"] * 2]


def test_a_day_is_never_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_export, "MOST_LINES_OF_DAYS", 1)
    page = export(*(rollup(model=f"m{n}") for n in range(3))).own(PERSON, NOVEMBER)
    assert (len(lines(page)), page.next_cursor) == (3, None)


def test_a_long_period_is_read_a_month_at_a_time() -> None:
    store = Store(rollup("2026-09-01"), rollup("2026-11-20"))
    exporting = UsageExport(reports=reports(store=store), records=store)
    query, count = {"from": "2026-09-01", "to": "2026-11-23"}, 0
    while True:
        page = exporting.team(TEAM, query)
        count += len(lines(page))
        if page.next_cursor is None:
            break
        query["cursor"] = page.next_cursor
    assert count == 2
    assert store.read == [("2026-09-01", "2026-10-01"), ("2026-10-02", "2026-11-01"), ("2026-11-02", "2026-11-23")]


def records(count: int) -> list[tuple[str, dict[str, Any]]]:
    start = datetime(2026, 11, 20, tzinfo=UTC)
    return [
        (
            f"{(start + timedelta(minutes=n)).isoformat()}#req-{n}",
            {"request_id": f"req-{n}", "gateway_key_id": f"g{n % 2}", "byok": True, "amount_usd": Decimal("0.10")},
        )
        for n in range(count)
    ]


def test_requests_are_exported_in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_export, "MOST_LINES_OF_REQUESTS", 4)
    exporting, query, seen = export(records=records(9)), {**NOVEMBER, "of": "requests"}, []
    while True:
        page = exporting.own(PERSON, query)
        seen += [(line["request_id"], line["amount_usd"], line["byok"]) for line in lines(page)]
        if page.next_cursor is None:
            break
        query["cursor"] = page.next_cursor
    assert seen == [(f"req-{n}", "0.1", "true") for n in range(9)]


def test_a_page_ends_where_too_much_was_read_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_export, "MOST_REQUESTS_READ", 3)
    exporting, query, pages = export(records=records(8)), {**NOVEMBER, "of": "requests"}, []
    while True:
        page = exporting.own(PROGRAM, query)
        pages.append([line["request_id"] for line in lines(page)])
        if page.next_cursor is None:
            break
        query["cursor"] = page.next_cursor
    assert pages == [["req-1"], ["req-3", "req-5"], ["req-7"]]


@pytest.mark.parametrize(
    "query",
    [
        {"format": "xlsx"},
        {"of": "months"},
        {"cursor": "nonsense"},
        {"cursor": "2026-12-01"},
        {"of": "requests", "cursor": "!"},
        {"of": "requests", "cursor": "MjAyNi0xMi0wMVQ"},
        {"of": "requests", "cursor": "YWJj"},
    ],
)
def test_wrong_exports_are_refused(query: dict[str, str]) -> None:
    with pytest.raises(InvalidParameterError):
        export().own(PERSON, {**NOVEMBER, **query})


def test_a_team_exports_no_single_requests() -> None:
    with pytest.raises(InvalidParameterError):
        export().team(TEAM, {"of": "requests"})


def test_a_balance_has_no_needless_zeros() -> None:
    assert reports().balance(PERSON) == {"usd_balance": "12.5"}
