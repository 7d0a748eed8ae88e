import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ownkey.adapters.protocols.written_numbers import DECIMALS, WrittenFloat, dollars


@given(st.decimals(0, 999_999, places=12))
def test_an_amount_comes_through_json_to_its_last_digit(amount: Decimal) -> None:
    text = f"{amount:f}"
    assert dollars(json.loads(f"[{text}]", parse_float=WrittenFloat)[0]) == Decimal(text)


def test_what_is_smaller_than_anybody_counts_is_rounded() -> None:
    assert dollars(WrittenFloat(f"0.{'0' * DECIMALS}4")) == 0
    assert dollars(WrittenFloat(f"0.{'0' * DECIMALS}6")) == Decimal(1).scaleb(-DECIMALS)
    assert dollars(WrittenFloat("1e-400")) == 0


def test_a_written_float_goes_out_like_any_other() -> None:
    answer = json.loads('{"cost": 3.60e-6, "logprob": -0.5, "nothing": null}', parse_float=WrittenFloat)
    assert json.dumps(answer) == '{"cost": 3.6e-06, "logprob": -0.5, "nothing": null}'
