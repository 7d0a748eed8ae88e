from typing import Any

import pytest

from ownkey.adapters.protocols.bedrock_converse.usage import read_usage
from ownkey.domain.chat import Usage


@pytest.mark.parametrize(
    ("details", "for_an_hour"),
    [
        ([{"ttl": "5m", "inputTokens": 2}, {"ttl": "1h", "inputTokens": 3}], 3),
        ([{"ttl": "1h"}, "1h", None], 0),
        ({}, 0),
        (None, 0),
    ],
)
def test_what_is_cached_for_an_hour_is_told_apart(details: Any, for_an_hour: int) -> None:
    reported = {"inputTokens": 9, "outputTokens": 4, "cacheReadInputTokens": 1, "cacheWriteInputTokens": 5}

    usage = read_usage(reported | {"cacheDetails": details})

    assert usage == Usage(
        input_tokens=15,
        output_tokens=4,
        cached_input_tokens=1,
        cache_write_tokens=5,
        hour_cache_write_tokens=for_an_hour,
    )
