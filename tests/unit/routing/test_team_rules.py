"""Who pays, and whose key is used: mode x team key x personal key x opt-in x pin x fallback, all of it."""

from decimal import Decimal
from itertools import product

import pytest

from ownkey.domain.chat import ByokOptions, ChatRequest
from ownkey.domain.errors import (
    ModelNotAllowedError,
    ProviderKeyMissingError,
    ProviderKeyUnusableError,
    TeamForbiddenError,
    TeamKeyRequiredError,
    TeamPausedError,
    UsageLimitError,
)
from ownkey.domain.identity import Principal
from ownkey.domain.provider_keys import KeyStatus
from ownkey.domain.teams import ByokMode, Role, TeamStatus
from ownkey.routing.team_rules import check_standing
from tests.support.chat import Chat, completion, stored_key
from tests.support.standings import TEAM_ID, standing

FAR = Decimal(10)


def held(team_has, user_has, *, platform=("openai", "openrouter"), **changes):
    return [
        *(stored_key(slug, f"team#{TEAM_ID}", **changes) for slug in team_has),
        *(stored_key(slug, "user#u1") for slug in user_has),
        *(stored_key(slug, "platform") for slug in platform),
    ]


def attempts_of(chat, *, opt_in=False, pin=None, fallbacks=False, team=TEAM_ID):
    """Return `(credential, provider)` of every attempt, as the plan explains them."""
    byok = ByokOptions(enabled=opt_in, provider=pin if opt_in else None, disable_fallbacks=not fallbacks)
    request = ChatRequest(body={"messages": []}, model="gpt-4.1", byok=byok, team_id=team)
    explained = chat.service.explain(request, chat.principal)
    return [(each["credential"], each["provider"]) for each in explained["attempts"]]


SETS = ((), ("openai",), ("openrouter",), ("openai", "openrouter"))
"""What an owner may hold of the two providers that run the model, in the catalog's order."""


def expected(mode, team_has, user_has, *, opt_in, pin, fallbacks):
    """The contract's table, written once more and differently: the rings in order, then the keys in each."""
    wanted = (
        [pin]
        if pin and not fallbacks
        else [pin, *({"openai", "openrouter"} - {pin})]
        if pin
        else ["openai", "openrouter"]
    )
    of_team = [("team", slug) for slug in wanted if slug in team_has]
    of_user = [("user", slug) for slug in wanted if slug in user_has]
    of_platform = [("platform", slug) for slug in wanted]
    if mode is ByokMode.REQUIRE_TEAM:
        found = of_team or TeamKeyRequiredError
    elif mode is ByokMode.PREFER_TEAM:
        found = of_team + of_user if opt_in else of_team or of_platform
    else:
        found = of_user if opt_in else of_platform
    if found == []:
        return ProviderKeyMissingError
    if isinstance(found, type):
        return found
    all_of_them = found[0][0] == "platform" or fallbacks
    return found if all_of_them else found[:1]


CASES = list(product(ByokMode, SETS, SETS, (False, True), (None, "openai", "openrouter"), (False, True)))


@pytest.mark.parametrize("mode", list(ByokMode))
def test_every_combination_uses_the_keys_that_the_contract_says(mode):
    for of_mode, team_has, user_has, opt_in, pin, fallbacks in CASES:
        if of_mode is not mode or (pin and not opt_in):
            continue  # a pin without opt-in is no pin: the edge drops it
        chat = Chat(keys=held(team_has, user_has), standing=standing(mode=mode))
        asked = {"opt_in": opt_in, "pin": pin, "fallbacks": fallbacks}
        wanted = expected(mode, team_has, user_has, **asked)
        if isinstance(wanted, type):
            with pytest.raises(wanted):
                attempts_of(chat, **asked)
        else:
            assert attempts_of(chat, **asked) == wanted, (mode, team_has, user_has, asked)


def test_the_cases_are_all_there():
    assert len(CASES) == 3 * 4 * 4 * 2 * 3 * 2


@pytest.mark.parametrize("mode", [ByokMode.PREFER_TEAM, ByokMode.REQUIRE_TEAM])
def test_a_team_key_that_does_not_work_is_not_replaced_by_the_operators(mode):
    chat = Chat(keys=held(("openai",), ("openai",), status=KeyStatus.INVALID), standing=standing(mode=mode))
    with pytest.raises(ProviderKeyUnusableError):
        attempts_of(chat)


def test_with_opt_in_a_personal_key_stands_in_for_a_preferred_teams_broken_one():
    chat = Chat(
        keys=held(("openai",), ("openai",), status=KeyStatus.INVALID), standing=standing(mode=ByokMode.PREFER_TEAM)
    )
    assert attempts_of(chat, opt_in=True) == [("user", "openai")]


def principal(**changes):
    return Principal(user_id="u1", credential="gateway_key", gateway_key_id="g1", **changes)


@pytest.mark.parametrize(
    ("header", "default", "bill_to_team", "billed"),
    [
        (TEAM_ID, None, False, True),
        (TEAM_ID.upper(), None, False, True),
        (None, TEAM_ID, True, True),
        (None, TEAM_ID, False, False),
        (None, None, True, False),
        (None, "0" * 8 + TEAM_ID[8:], True, False),
    ],
)
def test_a_request_is_billed_to_the_team_that_it_names_or_to_the_default_one(header, default, bill_to_team, billed):
    chat = Chat(
        completion(),
        keys=held(("openai",), ()),
        standing=standing(mode=ByokMode.PREFER_TEAM, bill_to_team=bill_to_team),
        principal=principal(default_team_id=default),
    )
    answer = chat.ask(byok=False, team_id=header)
    receipt = answer.body["x_ownkey_pricing"]
    assert answer.headers["x-ownkey-credential"] == ("team" if billed else "platform")
    assert (receipt["billedToTeam"], receipt["billedTeamId"], receipt["billedTeamName"]) == (
        (True, TEAM_ID, "Engineering") if billed else (False, None, None)
    )
    answer.settle()
    assert chat.usage.records[0].team_id == (TEAM_ID if billed else None)
    assert [each[2] for each in chat.spending.added] == [(TEAM_ID, "u1") if billed else None]


@pytest.mark.parametrize("team", ["t1", " ", "0" * 8 + TEAM_ID[8:], "../x", f"{TEAM_ID}#x"])
def test_a_team_of_somebody_else_is_refused(team):
    chat = Chat(completion(), keys=held((), ()), standing=standing())
    with pytest.raises(TeamForbiddenError):
        attempts_of(chat, team=team)


def test_the_store_is_read_once_whatever_the_team_says():
    chat = Chat(completion(), keys=held(("openai",), ()), standing=standing(mode=ByokMode.PREFER_TEAM))
    chat.ask(byok=False, team_id=TEAM_ID)
    assert chat.contexts.reads == [(TEAM_ID, "u1", (f"team#{TEAM_ID}", "platform"), ("openai", "openrouter"))]
    assert chat.keys.reads == []


def check(place, model="gpt-4.1", canonical="openai/gpt-4.1"):
    names = {"gpt-4.1": "openai/gpt-4.1", "GPT-4.1": "openai/gpt-4.1", "openai/gpt-4.1": "openai/gpt-4.1"}
    check_standing(place, model, canonical, names.get)


@pytest.mark.parametrize("status", [TeamStatus.PAUSED, TeamStatus.SUSPENDED])
@pytest.mark.parametrize("role", list(Role))
def test_a_team_that_is_stopped_runs_nothing(status, role):
    with pytest.raises(TeamPausedError, match=status.value):
        check(standing(status=status, role=role))


@pytest.mark.parametrize(
    ("allowed", "model", "canonical", "passes"),
    [
        (None, "anything", None, True),
        ({}, "gpt-4.1", "openai/gpt-4.1", False),
        ({"openai/gpt-4.1": True}, "gpt-4.1", "openai/gpt-4.1", True),
        ({"gpt-4.1": True}, "openai/gpt-4.1", "openai/gpt-4.1", True),
        ({"GPT-4.1": True}, "gpt-4.1", "openai/gpt-4.1", True),
        ({"openai/gpt-4.1": False}, "gpt-4.1", "openai/gpt-4.1", False),
        ({"openai/gpt-5": True}, "gpt-4.1", "openai/gpt-4.1", False),
        ({"my-own-model": True}, "my-own-model", None, True),
        ({"another-unknown-one": True}, "my-own-model", None, False),
    ],
)
def test_members_use_allowed_models_only_and_the_owner_all(allowed, model, canonical, passes):
    check(standing(role=Role.OWNER, allowed_models=allowed), model, canonical)
    for role in (Role.ADMIN, Role.MEMBER):
        place = standing(role=role, allowed_models=allowed)
        if passes:
            check(place, model, canonical)
        else:
            with pytest.raises(ModelNotAllowedError):
                check(place, model, canonical)


@pytest.mark.parametrize(
    ("place", "passes"),
    [
        ({"usage_limit_usd": FAR, "usage_limit_enforced": True, "spent": ("9.99", 0)}, True),
        ({"usage_limit_usd": FAR, "usage_limit_enforced": True, "spent": (10, 0)}, False),
        ({"usage_limit_usd": FAR, "usage_limit_enforced": False, "spent": (99, 0)}, True),
        ({"default_member_usage_limit_usd": FAR, "usage_limit_enforced": True, "spent": (0, 10)}, False),
        ({"default_member_usage_limit_usd": FAR, "usage_limit_enforced": False, "spent": (0, 10)}, True),
        (
            {
                "default_member_usage_limit_usd": FAR,
                "usage_limit_enforced": True,
                "spent": (0, 10),
                "member": {"usage_limit_usd": Decimal(20)},
            },
            True,
        ),
        ({"spent": (0, 10), "member": {"usage_limit_usd": FAR, "usage_limit_enforced": True}}, False),
        (
            {
                "usage_limit_enforced": True,
                "spent": (0, 10),
                "member": {"usage_limit_usd": FAR, "usage_limit_enforced": False},
            },
            True,
        ),
        ({"usage_limit_usd": Decimal(0), "usage_limit_enforced": True}, False),
    ],
)
def test_limits_stop_traffic_where_they_are_enforced(place, passes):
    if passes:
        check(standing(**place))
    else:
        with pytest.raises(UsageLimitError):
            check(standing(**place))
