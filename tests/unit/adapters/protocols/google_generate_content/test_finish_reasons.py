import pytest

from ownkey.adapters.protocols.google_generate_content.finish_reasons import finish_reason


@pytest.mark.parametrize(
    ("reported", "with_text", "with_nothing"),
    [
        ("STOP", "stop", "stop"),
        ("MAX_TOKENS", "length", "length"),
        ("SAFETY", "content_filter", "content_filter"),
        ("RECITATION", "content_filter", "content_filter"),
        ("IMAGE_SAFETY", "content_filter", "content_filter"),
        ("OTHER", "stop", "content_filter"),
        ("NO_IMAGE", "stop", "content_filter"),
        ("FINISH_REASON_UNSPECIFIED", "stop", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "stop", None),
        ("MISSING_THOUGHT_SIGNATURE", "stop", None),
        ("SOMETHING_NEW", "stop", "stop"),
    ],
)
def test_a_reason_depends_on_what_there_is(reported: str, with_text: str, with_nothing: str | None) -> None:
    assert finish_reason(reported, has_content=True, calls_tools=False) == with_text
    assert finish_reason(reported, has_content=False, calls_tools=False) == with_nothing


@pytest.mark.parametrize(
    ("reported", "reason"), [("STOP", "tool_calls"), ("MAX_TOKENS", "length"), ("OTHER", "tool_calls")]
)
def test_a_stop_after_tool_calls_is_told_as_such(reported: str, reason: str) -> None:
    assert finish_reason(reported, has_content=True, calls_tools=True) == reason
