from typing import Any

import pytest

from ownkey.adapters.protocols.openai_chat.finish_reasons import ERROR, finish_reason

OURS: dict[str, tuple[Any, ...]] = {
    "stop": ("stop", None, "", "eos", "end_turn", "END_TURN", "something new", 7, {}),
    "length": ("length", "max_tokens", "MAX_TOKENS", "model_length"),
    "tool_calls": ("tool_calls", "tool_use"),
    "content_filter": ("content_filter", "SAFETY", "refusal", "sensitive"),
    "function_call": ("function_call",),
    ERROR: ("error", "abort", "network_error"),
}


@pytest.mark.parametrize(("reported", "ours"), [(reported, ours) for ours in OURS for reported in OURS[ours]])
def test_reasons_come_out_in_openais_words(reported: Any, ours: str) -> None:
    row = {"sensitive": "content_filter", "network_error": "error"}

    assert finish_reason(reported, row, calls_tools=False) == ours


@pytest.mark.parametrize(
    ("reported", "ours"), [("stop", "tool_calls"), (None, "tool_calls"), ("length", "length"), ("error", ERROR)]
)
def test_a_stop_that_calls_tools_is_no_stop(reported: str | None, ours: str) -> None:
    assert finish_reason(reported, {}, calls_tools=True) == ours
