"""A direct search: who may, on whose key, and what is written down of it."""

from dataclasses import replace
from decimal import Decimal
from io import StringIO
from types import SimpleNamespace

import pytest

from ownkey.domain.errors import (
    DailyRequestLimitError,
    InsufficientBalanceError,
    MisconfiguredError,
    ProviderKeyRejectedError,
    StoreUnavailableError,
    TeamForbiddenError,
    TeamPausedError,
    UsageLimitError,
)
from ownkey.domain.identity import GatewayKeyLimits
from ownkey.domain.search import DirectSearch, SearchWish
from ownkey.domain.teams import ByokMode, TeamStatus
from ownkey.observability import Logger
from ownkey.services.caller_keys import CallerKeys
from ownkey.services.funds import FundsGate
from ownkey.services.key_notes import KeyNotes
from ownkey.services.searches import Searches
from ownkey.services.web_search import WebSearchService
from tests.support.chat import (
    FOUND,
    NO_DEADLINE,
    PRINCIPAL,
    START,
    FakeContexts,
    FakeEngines,
    FakeKeys,
    FakeOpener,
    FakeSpending,
    FakeUsage,
    stored_key,
)
from tests.support.standings import TEAM_ID, standing


class Web:
    """The service with its fake parts in reach."""

    def __init__(self, *keys, standing=None, balance=1, limits=None):
        self.keys, self.usage, self.engines = FakeKeys(*keys), FakeUsage(), FakeEngines()
        self.spending, self.opener, self.log = FakeSpending(), FakeOpener(), StringIO()
        self.principal = replace(PRINCIPAL, limits=limits) if limits else PRINCIPAL
        logger = Logger(service="web-search", stream=self.log)
        notes = KeyNotes(keys=self.keys, now=lambda: START, logger=logger)
        self.service = WebSearchService(
            caller_keys=CallerKeys(keys=self.keys, contexts=FakeContexts(self.keys, standing)),
            searches=Searches(engines=self.engines, opener=self.opener, notes=notes, now=lambda: START),
            funds=FundsGate(SimpleNamespace(balance_of=lambda _: balance), "platform"),
            admission=self.spending,
            usage=self.usage,
            spending=self.spending,
            now=lambda: START,
            logger=logger,
        )

    def ask(self, *, byok=True, team_id=None, query="Weather?", output="searchResults", **wish):
        wanted = DirectSearch(query=query, wish=SearchWish(param="", **wish), output=output, byok=byok, team_id=team_id)
        return self.service.answer(wanted, self.principal, deadline=NO_DEADLINE, request_id="req_1")


def test_one_record_under_the_requests_own_id():
    web = Web(stored_key("exa"))
    body = web.ask().body
    [record] = web.usage.records
    assert (record.request_id, record.searches, record.outcome) == ("req_1", 1, "completed")
    assert (record.charge.amount, record.charge.list_price, record.byok) == (0, Decimal("0.008"), True)
    assert (body["metadata"]["cost"], body["metadata"]["listPrice"]) == ("0", "0.008")
    assert "Weather?" not in web.log.getvalue()


def test_on_the_operators_key_the_price_is_owed_and_a_balance_needed():
    web = Web(stored_key("exa", "platform"))
    assert web.ask(byok=False).body["metadata"]["cost"] == "0.008"
    assert web.usage.records[0].charge.amount == Decimal("0.008")
    assert web.spending.added == [(Decimal("0.008"), None, None)]
    web = Web(stored_key("exa", "platform"), balance=0)
    with pytest.raises(InsufficientBalanceError):
        web.ask(byok=False)
    assert web.engines.asked == []


def test_a_price_that_is_not_known_is_null():
    web = Web(stored_key("exa", "platform"))
    web.engines.answer = replace(FOUND, price=None)
    assert web.ask(byok=False).body["metadata"]["cost"] is None
    assert web.usage.records[0].charge.amount is None


def test_the_sourced_answer_is_empty_text_where_the_engine_wrote_none():
    assert Web(stored_key("exa")).ask(output="sourcedAnswer").body["data"]["answer"] == ""


def test_a_team_pays_under_its_rules():
    keys = (stored_key("exa", f"team#{TEAM_ID}"), stored_key("exa"))
    web = Web(*keys, standing=standing(mode=ByokMode.REQUIRE_TEAM))
    assert web.ask(team_id=TEAM_ID).headers["x-ownkey-credential"] == "team"
    assert (web.usage.records[0].team_id, web.usage.records[0].payer_id) == (TEAM_ID, "olga")
    assert web.spending.added == [(0, None, (TEAM_ID, "u1"))]
    with pytest.raises(TeamForbiddenError):
        Web(*keys).ask(team_id=TEAM_ID)
    with pytest.raises(TeamPausedError):
        Web(*keys, standing=standing(status=TeamStatus.PAUSED)).ask(team_id=TEAM_ID)
    spent = standing(usage_limit_usd=Decimal(1), usage_limit_enforced=True, spent=(2, 0))
    with pytest.raises(UsageLimitError):
        Web(*keys, standing=spent).ask(team_id=TEAM_ID)


def test_daily_limits_of_a_gateway_key_hold():
    web = Web(stored_key("exa"), limits=GatewayKeyLimits(requests_per_day=1))
    web.ask()
    assert [key for key, _ in web.spending.admitted] == ["g1"]
    web.spending.failure = DailyRequestLimitError("used up", retry_after_seconds=9)
    with pytest.raises(DailyRequestLimitError):
        web.ask()
    assert len(web.engines.asked) == 1


@pytest.mark.parametrize(("byok", "code"), [(True, "byok_key_rejected"), (False, "service_unavailable")])
def test_a_search_that_fails_is_recorded_and_costs_nothing(byok, code):
    web = Web(stored_key("exa", "user#u1" if byok else "platform"))
    web.engines.answer = ProviderKeyRejectedError("Exa rejected your API key.", provider="exa", upstream_status=401)
    with pytest.raises(ProviderKeyRejectedError if byok else MisconfiguredError):
        web.ask(byok=byok, depth="deep")
    [record] = web.usage.records
    assert (record.request_id, record.provider, record.upstream_model) == ("req_1", "exa", "deep")
    assert (record.outcome, record.error_code, record.searches, record.charge.amount) == ("failed", code, 1, 0)


def test_a_store_that_fails_afterwards_does_not_fail_the_caller():
    web = Web(stored_key("exa"))
    web.usage.failure = StoreUnavailableError("DynamoDB is down")
    assert web.ask().body["data"]
    assert "the usage record was not stored" in web.log.getvalue()
