import pytest
from hypothesis import given
from hypothesis import strategies as st

from ownkey.billing.estimate import measured_usage
from ownkey.domain.bill import Written
from ownkey.domain.chat import Usage

WORDS = "seven " * 7
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 400_000}}
SMALL = {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}}
AUDIO = {"type": "input_audio", "input_audio": {"data": "A" * 60_000, "format": "mp3"}}


def asked(*content, **fields):
    return {"messages": [{"role": "user", "content": list(content) or WORDS}], **fields}


def written(**part):
    count = Written()
    count.add(part)
    return count


def guessed(body=None, **part):
    usage, estimated = measured_usage(None, body or {}, written(**part))
    assert estimated
    return usage


def test_what_was_reported_counts():
    reported = Usage(input_tokens=9, output_tokens=4, cached_input_tokens=2)
    assert measured_usage(reported, asked(), written(content=WORDS * 9)) == (reported, False)


def test_an_answer_without_a_word_needs_no_output():
    reported = Usage(input_tokens=9)
    assert measured_usage(reported, asked(), Written()) == (reported, False)


@pytest.mark.parametrize(
    ("reported", "kept"),
    [
        (Usage(), Usage()),
        (Usage(input_tokens=9, cached_input_tokens=3), Usage(input_tokens=9, cached_input_tokens=3)),
        (Usage(output_tokens=4, reasoning_tokens=2), Usage(output_tokens=4, reasoning_tokens=2)),
        (Usage(input_tokens=10**12, output_tokens=4), Usage()),
    ],
)
def test_only_what_is_missing_is_estimated(reported, kept):
    usage, estimated = measured_usage(reported, asked(), written(content=WORDS))
    whole = guessed(asked(), content=WORDS)
    assert estimated
    assert usage.input_tokens == (kept.input_tokens or whole.input_tokens)
    assert usage.output_tokens == (kept.output_tokens or whole.output_tokens)
    assert (usage.cached_input_tokens, usage.reasoning_tokens) == (kept.cached_input_tokens, kept.reasoning_tokens)


@pytest.mark.parametrize(
    ("part", "tokens"),
    [
        ({}, 0),
        ({"content": None, "tool_calls": None}, 0),
        ({"content": "seven b"}, 2),
        ({"content": "eight by"}, 3),
        ({"content": "日本語"}, 3),
        ({"refusal": "seven b"}, 2),
        ({"tool_calls": [{"function": {"name": "weather", "arguments": '{"a":1}'}}]}, 14),
        ({"tool_calls": [{"function": {"arguments": '{"a":1}'}}]}, 2),
        ({"images": [{"type": "image_url"}]}, 1000),
        ({"content": "\ud800"}, 1),
    ],
)
def test_output_is_counted_by_what_came(part, tokens):
    assert guessed(**part).output_tokens == tokens


def test_reasoning_is_part_of_the_output_and_told_apart():
    usage = guessed(content="seven b", reasoning_content="fourteen bytes")
    assert (usage.output_tokens, usage.reasoning_tokens) == (6, 4)


def test_tools_and_schemas_are_part_of_the_input():
    plain = guessed(asked()).input_tokens
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
    assert guessed(asked(tools=tools)).input_tokens > plain + 20
    schema = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}
    assert guessed(asked(response_format=schema)).input_tokens > plain + 20


@pytest.mark.parametrize(("part", "tokens"), [(IMAGE, 1000), (SMALL, 85), (AUDIO, 1001)])
def test_media_are_not_counted_by_the_letters_that_carry_them(part, tokens):
    text = {"type": "text", "text": WORDS}
    assert guessed(asked(text, part)).input_tokens == guessed(asked(text)).input_tokens + tokens


@given(
    st.dictionaries(st.sampled_from(["messages", "tools", "response_format"]), st.none() | st.just([])),
    st.dictionaries(
        st.sampled_from(["content", "reasoning_content", "refusal", "tool_calls", "images"]), st.none() | st.just([])
    ),
)
def test_odd_shapes_are_no_reason_to_fail(body, part):
    assert measured_usage(None, body, written(**part))[1]


@pytest.mark.parametrize("content", ["text", ["a string"], [None], [{"type": None}], [{"type": "file"}], [{}], 7])
def test_odd_contents_are_counted_somehow(content):
    assert guessed({"messages": [{"role": "user", "content": content}, "no message"]}).input_tokens > 0


@given(st.text(max_size=300), st.text(max_size=300))
def test_more_text_is_never_fewer_tokens(text, more):
    assert guessed(content=text).output_tokens <= guessed(content=text + more).output_tokens
