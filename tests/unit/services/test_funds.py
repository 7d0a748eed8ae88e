"""Who needs a positive balance, and how often it is read."""

from dataclasses import replace
from decimal import Decimal

import pytest

from ownkey.domain.errors import InsufficientBalanceError, MisconfiguredError, StoreUnavailableError
from ownkey.domain.identity import Principal
from ownkey.domain.provider_keys import KeyStatus, ProviderKey
from ownkey.domain.teams import ByokMode, Team, TeamStatus
from ownkey.services.funds import FundsGate
from tests.support.chat import Chat, completion

CALLER = Principal(user_id="u1", credential="gateway_key", gateway_key_id="g1")
TEAM = Team(
    team_id="t1", name="Sales", owner_id="olga", status=TeamStatus.ACTIVE, byok_mode=ByokMode.DISABLED, created_at="x"
)
CENT = Decimal("0.01")


class Balances:
    """Balances in memory, which count how often they are read."""

    def __init__(self, **balances: Decimal) -> None:
        self.balances = balances
        self.reads: list[str] = []

    def balance_of(self, user_id: str) -> Decimal:
        self.reads.append(user_id)
        return self.balances.get(user_id, Decimal(0))


def passes(
    enforcement: str, balances: Balances, *, caller: Principal = CALLER, team: Team | None = None, platform: bool = True
) -> bool:
    try:
        FundsGate(balances, enforcement).check(caller, team, on_platform_key=platform)
    except InsufficientBalanceError:
        return False
    return True


@pytest.mark.parametrize(
    ("enforcement", "platform", "needed"),
    [
        ("off", True, False),
        ("off", False, False),
        ("platform", True, True),
        ("platform", False, False),
        ("all", True, True),
        ("all", False, True),
    ],
)
def test_who_needs_a_balance_is_the_operators_choice(enforcement: str, platform: bool, needed: bool) -> None:
    empty, some = Balances(), Balances(u1=CENT)
    assert passes(enforcement, empty, platform=platform) is not needed
    assert passes(enforcement, some, platform=platform)
    assert bool(empty.reads) is needed


def test_an_empty_or_overshot_balance_is_used_up() -> None:
    assert not passes("all", Balances(u1=Decimal(0)))
    assert not passes("all", Balances(u1=-CENT))
    assert passes("all", Balances(u1=Decimal("1e-28")))


def test_for_a_team_its_owner_pays() -> None:
    balances = Balances(olga=CENT)
    assert passes("platform", balances, team=TEAM)
    assert not passes("platform", Balances(u1=CENT), team=TEAM)
    assert balances.reads == ["olga"]


def test_what_is_noted_to_be_there_is_not_looked_at_again() -> None:
    balances = Balances()
    assert passes("all", balances, caller=replace(CALLER, has_funds=True))
    assert passes("all", balances, team=replace(TEAM, has_funds=True))
    assert balances.reads == []
    # A key's note says nothing of its team's owner.
    assert not passes("all", balances, caller=replace(CALLER, has_funds=True), team=TEAM)


def test_what_is_noted_to_be_used_up_is_looked_at_since_it_may_be_credited() -> None:
    balances = Balances(u1=CENT, olga=CENT)
    assert passes("all", balances, caller=replace(CALLER, has_funds=False))
    assert passes("all", balances, team=replace(TEAM, has_funds=False))
    assert balances.reads == ["u1", "olga"]


def test_a_balance_that_cannot_be_read_is_our_fault() -> None:
    class Broken(Balances):
        def balance_of(self, user_id: str) -> Decimal:
            raise StoreUnavailableError("down")

    with pytest.raises(StoreUnavailableError):
        FundsGate(Broken(), "all").check(CALLER, None, on_platform_key=True)


def test_another_enforcement_is_a_mistake_of_the_operators() -> None:
    with pytest.raises(MisconfiguredError):
        FundsGate(Balances(), "sometimes")


def test_the_message_says_what_to_do() -> None:
    for enforcement, says in (("platform", "x-use-byok"), ("all", "Ask the operator")):
        with pytest.raises(InsufficientBalanceError, match=says):
            FundsGate(Balances(), enforcement).check(CALLER, None, on_platform_key=True)
    with pytest.raises(InsufficientBalanceError, match="owner of the team Sales"):
        FundsGate(Balances(), "all").check(CALLER, TEAM, on_platform_key=False)


# In a chat.

PLATFORM_KEY = ProviderKey(
    owner="platform",
    provider="openai",
    key_id="p",
    status=KeyStatus.ACTIVE,
    created_at="2026-01-01T00:00:00Z",
    updated_at="2026-01-01T00:00:00Z",
)


def chat_with(enforcement: str, balances: Balances, principal: Principal = CALLER) -> Chat:
    chat = Chat(
        completion(), completion(), keys=[PLATFORM_KEY, replace(PLATFORM_KEY, owner="user#u1")], principal=principal
    )
    object.__setattr__(chat.service.router, "funds", FundsGate(balances, enforcement))
    return chat


def test_nobody_is_called_for_a_balance_that_is_used_up() -> None:
    chat = chat_with("platform", Balances())
    with pytest.raises(InsufficientBalanceError):
        chat.ask(byok=False)
    assert chat.provider.calls == []
    chat.ask(byok=True)
    assert len(chat.provider.calls) == 1


def test_a_warm_request_reads_no_balance() -> None:
    balances = Balances(u1=CENT)
    chat = chat_with("all", balances, replace(CALLER, has_funds=True))
    chat.ask(byok=True)
    chat.ask(byok=False)
    assert balances.reads == []
    assert len(chat.keys.reads) == 2
