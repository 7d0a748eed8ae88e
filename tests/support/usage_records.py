"""Made-up usage records, as many as wanted, and consumers that die in the middle of settling them."""

import random
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from ownkey.domain.chat import Usage
from ownkey.domain.prices import Charge
from ownkey.domain.usage import UsageRecord
from ownkey.observability import Logger
from ownkey.services.metering import MeteringService
from ownkey.storage.balances import BalanceRepository, FundsMarker
from ownkey.storage.settlements import SettlementRepository
from tests.support.tables import BOTO_ERRORS

FIRST_DAY = datetime(2026, 11, 20, tzinfo=UTC)
TEAM_OWNERS = {"t1": "olga", "t2": "oscar"}
USERS = ("ada", "bob", "cleo", "olga")
MODELS = ("openai/gpt-5", "anthropic/claude-sonnet-4.5", "a-model#with=signs")


def usage_record(number: int, dice: random.Random, **changes: Any) -> UsageRecord:
    """Return a record unlike the others, with amounts of many digits."""
    user_id, team_id = dice.choice(USERS), dice.choice((None, None, *TEAM_OWNERS))
    byok = dice.random() < 0.7
    price = None if dice.random() < 0.05 else Decimal(dice.randrange(1, 10**9)).scaleb(-dice.randrange(9, 15))
    fee = None if price is None else price * Decimal("0.0537") if byok else Decimal(0)
    fields: dict[str, Any] = {
        "request_id": f"req-{number}",
        "user_id": user_id,
        "payer_id": TEAM_OWNERS[team_id] if team_id else user_id,
        "team_id": team_id,
        "owner": f"user#{user_id}" if byok else "platform",
        "provider": dice.choice(("openai", "groq", "anthropic")),
        "model": dice.choice(MODELS),
        "upstream_model": "m",
        "credential": "user" if byok else "platform",
        "key_id": "k",
        "byok": byok,
        "stream": dice.random() < 0.5,
        "usage": Usage(input_tokens=dice.randrange(10**5), output_tokens=dice.randrange(10**4), reasoning_tokens=3),
        "charge": Charge(list_price=price, platform_fee=fee, amount=fee if byok else price),
        "estimated": dice.random() < 0.1,
        "outcome": "completed",
        "started_at": FIRST_DAY + timedelta(seconds=dice.randrange(3 * 86_400)),
        "duration_ms": 9,
    }
    return UsageRecord(**fields | changes)


def images_of(items: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the usage records among a table's items, under names of their own, as its stream would show them."""
    return {f"event-{item['request_id']['S']}": item for item in items if item["sk"]["S"].startswith("usage#")}


class Killed(BaseException):
    """The process is gone: nothing that it would still have done is done."""


class Mortal:
    """A client whose process dies at some of its calls, before or after they are done."""

    def __init__(self, client: Any, dies: Callable[[str], str | None]) -> None:
        """Take `dies`: of the name of a call, `before`, `after` or None."""
        self._client = client
        self._dies = dies

    def __getattr__(self, name: str) -> Any:
        def call(**request: Any) -> Any:
            when = self._dies(name)
            if when == "before":
                raise Killed
            answer = getattr(self._client, name)(**request)
            if when == "after":
                raise Killed
            return answer

        return call


def metering(client: Any, *, lane: int = 0, marks: bool = True, **tables: str) -> MeteringService:
    """Return what settles usage records of our tables, on `client`."""
    usage, accounts = tables.get("usage", "Usage"), tables.get("accounts", "Accounts")
    return MeteringService(
        settlements=SettlementRepository(client, BOTO_ERRORS, usage_table=usage, accounts_table=accounts, lane=lane),
        balances=BalanceRepository(client, accounts, BOTO_ERRORS),
        marks=FundsMarker(client, accounts, BOTO_ERRORS) if marks else None,
        canonical_model=lambda model: model,
        logger=Logger(service="metering", level="ERROR"),
    )


def random_batches(names: list[str], dice: random.Random) -> Iterator[list[str]]:
    """Yield all names in batches of any size, in any order."""
    names = dice.sample(names, len(names))
    while names:
        size = dice.randrange(1, 130)
        yield names[:size]
        names = names[size:]
