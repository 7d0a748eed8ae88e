from itertools import product

import pytest

from ownkey.domain.errors import (
    ProviderKeyMissingError,
    ProviderKeyUnusableError,
    TeamKeyRequiredError,
    UnknownProviderError,
)
from ownkey.domain.provider_keys import KeyStatus
from ownkey.domain.search import SearchWish
from ownkey.domain.teams import ByokMode
from ownkey.routing.search_keys import choose_search, engines_of, search_rings
from tests.support.chat import START, stored_key
from tests.support.standings import TEAM_ID, standing

OWNERS = {"team": f"team#{TEAM_ID}", "user": "user#u1", "platform": "platform"}


def ring_keys(*stored):
    return {whose: {key.provider: key for key in stored if key.owner == owner} for whose, owner in OWNERS.items()}


def expected_payer(mode, opted_in, has):
    """The contract's table, for a search: team rules as for chat, and the operator's key behind one's own."""
    order = {
        None: ["user", "platform"] if opted_in else ["platform"],
        ByokMode.DISABLED: ["user", "platform"] if opted_in else ["platform"],
        ByokMode.PREFER_TEAM: ["team", "user", "platform"] if opted_in else ["team", "platform"],
        ByokMode.REQUIRE_TEAM: ["team"],
    }[mode]
    return next((whose for whose in order if whose in has), None)


@pytest.mark.parametrize(
    ("mode", "opted_in", "has"),
    [
        (mode, opted_in, {whose for whose, there in zip(OWNERS, present, strict=True) if there})
        for mode, opted_in, present in product(
            [None, *ByokMode], [False, True], product([False, True], repeat=len(OWNERS))
        )
    ],
)
def test_whose_key_pays_for_a_search(mode, opted_in, has):
    keys = ring_keys(*(stored_key("exa", owner=OWNERS[whose]) for whose in has))
    rings = search_rings(standing(mode=mode) if mode else None, keys, opted_in=opted_in)
    payer = expected_payer(mode, opted_in, has)
    if payer:
        assert choose_search(SearchWish(), rings, now=START).credential == payer
    else:
        error = TeamKeyRequiredError if mode is ByokMode.REQUIRE_TEAM else ProviderKeyMissingError
        with pytest.raises(error) as caught:
            choose_search(SearchWish(), rings, now=START)
        assert "tavily, exa, perplexity, kagi, valyu" in caught.value.message


def test_the_first_engine_with_a_key_is_asked_unless_one_is_named():
    keys = ring_keys(stored_key("valyu"), stored_key("exa"), stored_key("tavily", owner="platform"))
    rings = search_rings(None, keys, opted_in=True)
    assert choose_search(SearchWish(), rings, now=START).provider == "exa"
    assert choose_search(SearchWish(engine="valyu"), rings, now=START).provider == "valyu"
    named = choose_search(SearchWish(engine="tavily"), rings, now=START)
    assert (named.provider, named.credential) == ("tavily", "platform")


def test_a_key_that_cannot_be_used_does_not_hand_the_bill_to_somebody_else():
    refused = stored_key("exa", status=KeyStatus.INVALID)
    rings = search_rings(None, ring_keys(refused, stored_key("exa", owner="platform")), opted_in=True)
    with pytest.raises(ProviderKeyUnusableError, match="exa"):
        choose_search(SearchWish(), rings, now=START)
    rings = search_rings(None, ring_keys(refused, stored_key("kagi")), opted_in=True)
    assert choose_search(SearchWish(), rings, now=START).provider == "kagi"


@pytest.mark.parametrize("engine", ["linkup", "brave", "openai", ""])
def test_an_engine_that_is_none_is_refused_by_name(engine):
    with pytest.raises(UnknownProviderError, match="tavily, exa, perplexity, kagi, valyu") as caught:
        engines_of(SearchWish(engine=engine))
    assert caught.value.param == "webSearch.provider"
    with pytest.raises(UnknownProviderError) as caught:
        engines_of(SearchWish(engine=engine, param=""))
    assert caught.value.param == "provider"
