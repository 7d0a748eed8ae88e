import json
from decimal import Decimal
from typing import Any

import pytest

from ownkey.adapters.protocols.openai_chat.usage import normalised_usage, parse_usage
from ownkey.adapters.protocols.written_numbers import WrittenFloat
from ownkey.domain.chat import Usage


@pytest.mark.parametrize(
    ("reported", "usage"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}, Usage(input_tokens=9, output_tokens=4)),
        ({"input_tokens": 9, "output_tokens": 4}, Usage(input_tokens=9, output_tokens=4)),
        ({"prompt_tokens": 9}, Usage(input_tokens=9)),
        ({"prompt_tokens": 0, "completion_tokens": 0}, Usage()),
        ({"prompt_tokens": None, "completion_tokens": "4"}, Usage()),
        ({"prompt_tokens": -1, "completion_tokens": True}, Usage()),
        ({"prompt_tokens": float("inf"), "completion_tokens": 4}, Usage(output_tokens=4)),
        ({"prompt_tokens": 9.0, "completion_tokens": 4.0}, Usage(input_tokens=9, output_tokens=4)),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "total_tokens": 13,
                "prompt_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 2, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 3},
            },
            Usage(input_tokens=9, output_tokens=4, cached_input_tokens=5, cache_write_tokens=2, reasoning_tokens=3),
        ),
        (
            {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": None, "prompt_cache_hit_tokens": 5},
            Usage(input_tokens=9, output_tokens=4, cached_input_tokens=5),
        ),
        (
            {"prompt_tokens": 9, "completion_tokens": 4, "cache_creation_input_tokens": 6},
            Usage(input_tokens=9, output_tokens=4, cache_write_tokens=6),
        ),
        # The total shows that reasoning was left out of the output.
        (
            {
                "prompt_tokens": 288,
                "completion_tokens": 27,
                "total_tokens": 596,
                "completion_tokens_details": {"reasoning_tokens": 281},
            },
            Usage(input_tokens=288, output_tokens=308, reasoning_tokens=281),
        ),
        # An estimate of the reasoning that is off by one.
        (
            {
                "prompt_tokens": 43,
                "completion_tokens": 10,
                "total_tokens": 53,
                "completion_tokens_details": {"reasoning_tokens": 11},
            },
            Usage(input_tokens=43, output_tokens=10, reasoning_tokens=10),
        ),
    ],
)
def test_tokens_are_read_however_they_are_spelt(reported: dict[str, Any], usage: Usage) -> None:
    assert parse_usage(reported) == usage


@pytest.mark.parametrize("reported", [None, {}, [], "9", 9, {"total_tokens": 9}, {"cost": 1}])
def test_what_counts_nothing_is_no_usage(reported: Any) -> None:
    assert parse_usage(reported) is None


def test_reasoning_beside_the_output_is_added_where_the_row_says_so() -> None:
    reported = {
        "prompt_tokens": 28,
        "completion_tokens": 9,
        "total_tokens": 37,
        "completion_tokens_details": {"reasoning_tokens": 67},
    }

    usage = parse_usage(reported, reasoning_beside_output=True)

    assert usage == Usage(input_tokens=28, output_tokens=76, reasoning_tokens=67)


def test_reasoning_within_the_output_is_not_added_there() -> None:
    reported = {
        "prompt_tokens": 28,
        "completion_tokens": 67,
        "total_tokens": 95,
        "completion_tokens_details": {"reasoning_tokens": 9},
    }

    usage = parse_usage(reported, reasoning_beside_output=True)

    assert usage == Usage(input_tokens=28, output_tokens=67, reasoning_tokens=9)


def test_what_else_is_reported_stays() -> None:
    reported = {"prompt_tokens": 9, "completion_tokens": 4, "cost": 0.1, "prompt_tokens_details": {"audio_tokens": 1}}
    usage = parse_usage(reported)
    assert usage is not None

    merged = normalised_usage(reported, usage)

    assert merged["cost"] == 0.1
    assert merged["total_tokens"] == 13
    assert merged["prompt_tokens_details"] == {"audio_tokens": 1, "cached_tokens": 0}
    assert merged["completion_tokens_details"] == {"reasoning_tokens": 0}


def test_no_more_can_come_from_the_cache_than_went_in() -> None:
    reported = {
        "prompt_tokens": 7,
        "completion_tokens": 8,
        "prompt_tokens_details": {"cached_tokens": 161, "cache_write_tokens": 3},
    }

    assert parse_usage(reported) == Usage(input_tokens=7, output_tokens=8, cached_input_tokens=7)


@pytest.mark.parametrize(
    ("reported", "cost"),
    [
        ('"cost": 0.0076509169000000005', "0.0076509169000000005"),
        ('"cost": 3.6e-6, "is_byok": false', "0.0000036"),
        ('"cost": "0.000768"', "0.000768"),
        ('"cost": 2', "2"),
        ('"cost": 0', "0"),
        ('"cost": 0.5, "cost_details": {"upstream_inference_cost": 0.5}, "is_byok": false', "0.5"),
        # The account's own key was used: the aggregator's fee, and what the provider behind it was paid.
        ('"cost": 0.01, "cost_details": {"upstream_inference_cost": 0.2}, "is_byok": true', "0.21"),
        ('"cost": 0, "cost_details": {"upstream_inference_cost": 0.2}, "is_byok": true', "0.2"),
        ('"cost": 0.0, "cost_details": {"upstream_inference_cost": null}, "market_cost": 0.3, "is_byok": true', "0.3"),
        ('"cost": 0.0, "is_byok": true', None),
        ('"cost": null', None),
        ('"cost": -0.1', None),
        ('"cost": NaN', None),
        ('"cost": 1e999', None),
        ('"cost": 1000000', None),
        ('"cost": true', None),
        ('"cost": "free"', None),
        ('"cost": [0.1]', None),
        ('"estimated_cost": 0.1', None),
    ],
)
def test_a_cost_is_read_as_it_is_written(reported: str, cost: str | None) -> None:
    text = f'{{"prompt_tokens": 9, "completion_tokens": 4, {reported}}}'

    usage = parse_usage(json.loads(text, parse_float=WrittenFloat), cost_field="cost")

    assert usage == Usage(input_tokens=9, output_tokens=4, reported_cost=None if cost is None else Decimal(cost))


def test_a_cost_is_read_only_where_the_provider_is_known_to_state_dollars() -> None:
    usage = parse_usage({"prompt_tokens": 9, "cost": 1})
    assert usage is not None
    assert usage.reported_cost is None
