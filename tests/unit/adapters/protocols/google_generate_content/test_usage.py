from typing import Any

import pytest

from ownkey.adapters.protocols.google_generate_content.usage import parse_usage
from ownkey.domain.chat import Usage


@pytest.mark.parametrize(
    ("reported", "usage"),
    [
        ({}, None),
        ({"serviceTier": "standard"}, None),
        ({"promptTokenCount": 5}, Usage(input_tokens=5)),
        ({"promptTokenCount": 5, "candidatesTokenCount": float("inf")}, Usage(input_tokens=5)),
        ({"promptTokenCount": 5, "toolUsePromptTokenCount": 7}, Usage(input_tokens=12)),
        (
            {"promptTokenCount": 5, "cachedContentTokenCount": 4, "candidatesTokenCount": 2},
            Usage(input_tokens=5, cached_input_tokens=4, output_tokens=2),
        ),
        (
            {"promptTokenCount": 5, "candidatesTokenCount": 2, "thoughtsTokenCount": 3, "totalTokenCount": 10},
            Usage(input_tokens=5, output_tokens=5, reasoning_tokens=3),
        ),
        (
            {"promptTokenCount": 5, "candidatesTokenCount": 5, "thoughtsTokenCount": 3, "totalTokenCount": 10},
            Usage(input_tokens=5, output_tokens=5, reasoning_tokens=3),
        ),
        ({"thoughtsTokenCount": 3, "totalTokenCount": 3}, Usage(output_tokens=3, reasoning_tokens=3)),
        ({"promptTokenCount": "5", "candidatesTokenCount": -1}, Usage()),
    ],
)
def test_counts_are_put_where_openai_has_them(reported: dict[str, Any], usage: Usage | None) -> None:
    assert parse_usage(reported) == usage
