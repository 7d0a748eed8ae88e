from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ownkey.domain.errors import InvalidParameterError
from ownkey.domain.routing import ProviderSelection
from ownkey.routing.selection import select
from tests.support.routing import priced

DEAR, CHEAP, FREE = priced("openai", "2", "8"), priced("groq", "0.1", "0.5"), priced("nvidia", "0", "0")
UNPRICED, HALF = priced("akash"), priced("novita", "0.1")
ALL = (DEAR, UNPRICED, CHEAP, HALF, FREE)


def chosen(*candidates, left_out=lambda _: (), **fields):
    shortlist = select(candidates, ProviderSelection(param="provider", **fields), left_out)
    return [candidate.provider for candidate in shortlist.candidates]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ["openai", "akash", "groq", "novita", "nvidia"]),
        ({"cheapest_first": True}, ["nvidia", "groq", "openai", "akash", "novita"]),
        ({"order": ("groq", "unheard-of", "akash")}, ["groq", "akash", "openai", "novita", "nvidia"]),
        ({"order": ("openai",), "cheapest_first": True}, ["openai", "nvidia", "groq", "akash", "novita"]),
        ({"ignore": ("openai", "unheard-of")}, ["akash", "groq", "novita", "nvidia"]),
        ({"max_input_price": Decimal("0.1")}, ["groq", "novita", "nvidia"]),
        ({"max_output_price": Decimal("0.5")}, ["groq", "nvidia"]),
        ({"max_input_price": Decimal(5), "max_output_price": Decimal("7.99")}, ["groq", "nvidia"]),
    ],
)
def test_a_selection_orders_and_excludes(fields, expected):
    assert chosen(*ALL, **fields) == expected


def test_required_parameters_leave_out_who_cannot_take_them():
    def left_out(candidate):
        return ("seed", "n") if candidate.provider == "openai" else ()

    assert chosen(DEAR, CHEAP, left_out=left_out) == ["openai", "groq"]
    selection = ProviderSelection(param="provider", require_parameters=True)
    shortlist = select((DEAR, CHEAP), selection, left_out)
    assert [candidate.provider for candidate in shortlist.candidates] == ["groq"]
    assert shortlist.passed_over[0].why == "it cannot take seed, n"


def test_a_selection_that_leaves_nobody_says_why_each_fell_out():
    with pytest.raises(InvalidParameterError) as raised:
        chosen(DEAR, UNPRICED, CHEAP, ignore=("groq",), max_input_price=Decimal(1))
    assert raised.value.param == "provider"
    assert "openai: its prompt price of 2 is above 1" in raised.value.message
    assert "akash: its prompt price is not known" in raised.value.message
    assert "groq: ignored" in raised.value.message


def test_candidates_say_what_put_them_in_their_place():
    shortlist = select(ALL, ProviderSelection(param="provider", order=("groq",), cheapest_first=True), lambda _: ())
    reasons = {candidate.provider: candidate.why for candidate in shortlist.candidates}
    assert reasons["groq"] == "preferred by provider.order"
    assert reasons["openai"] == "by price: 2 + 8 USD per million tokens"
    assert "not known" in reasons["akash"]


@given(
    candidates=st.permutations(ALL),
    cap=st.none() | st.decimals(0, 10, places=2),
    ignore=st.sets(st.sampled_from(["openai", "groq", "nvidia"])),
)
def test_no_known_cheaper_provider_is_passed_over(candidates, cap, ignore):
    selection = ProviderSelection(param="p", cheapest_first=True, max_output_price=cap, ignore=tuple(ignore))
    try:
        found = select(tuple(candidates), selection, lambda _: ()).candidates
    except InvalidParameterError:
        return
    totals = [each.price.rates.total if each.price else None for each in found]
    known = [total for total in totals if total is not None]
    assert totals == sorted(known) + [None] * (len(totals) - len(known))
    assert not ignore & {each.provider for each in found}
    outputs = [each.price.rates.output for each in found if each.price]
    assert cap is None or all(output is not None and output <= cap for output in outputs)
    assert cap is None or len(outputs) == len(found)
