import pytest

from ownkey.adapters.protocols.claude_models import MODELS, UNKNOWN, claude_model


@pytest.mark.parametrize(
    ("model", "same_as"),
    [
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("anthropic/claude-sonnet-4.5", "claude-sonnet-4-5"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
        ("claude-haiku-4-5@20251001", "claude-haiku-4-5"),
        ("anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
        ("claude-3-5-haiku-latest", "claude-3-5-haiku"),
        ("Claude-Opus-5", "claude-opus-5"),
        ("claude-sonnet-4-0", "claude-sonnet-4"),
        ("claude-4.5-sonnet", "claude-sonnet-4-5"),
    ],
)
def test_a_model_is_known_by_every_id_it_has(model: str, same_as: str) -> None:
    assert claude_model(same_as) is not UNKNOWN
    assert claude_model(model) is claude_model(same_as)


@pytest.mark.parametrize(
    ("model", "thinking", "can_stop", "unasked"),
    [
        ("claude-fable-5-1", "adaptive", "never", True),
        ("claude-mythos-5", "adaptive", "never", True),
        ("claude-opus-5-5", "adaptive", "never", True),
        ("claude-opus-5", "adaptive", "unless_effort_above_high", True),
        ("claude-sonnet-5", "adaptive", "always", True),
        ("claude-opus-4-8", "adaptive", "always", False),
        ("claude-opus-4-7", "adaptive", "always", False),
        ("claude-sonnet-4-6", "adaptive", "always", False),
        ("claude-haiku-4-5", "budget", "always", False),
        ("claude-3-7-sonnet-20250219", "budget", "always", False),
        ("claude-3-5-haiku-20241022", "none", "always", False),
        ("my-deployment", "adaptive", "never", True),
        ("claude-opus-9", "adaptive", "never", True),
    ],
)
def test_models_think_in_their_dialect(model: str, thinking: str, can_stop: str, unasked: bool) -> None:
    facts = claude_model(model)
    assert (facts.thinking, facts.can_stop_thinking, facts.thinks_unasked) == (thinking, can_stop, unasked)


@pytest.mark.parametrize(
    ("model", "limit"),
    [
        ("claude-opus-4-6", 128_000),
        ("claude-sonnet-5", 128_000),
        ("claude-haiku-4-5", 64_000),
        ("claude-sonnet-4", 64_000),
        ("claude-opus-4-1-20250805", 32_000),
        ("claude-opus-4-20250514", 32_000),
        ("claude-3-opus-20240229", 4096),
        ("my-deployment", 4096),
    ],
)
def test_models_have_a_default_limit_of_output(model: str, limit: int) -> None:
    assert claude_model(model).default_max_tokens == limit


def test_models_that_refuse_sampling_forced_tools_or_schemas_are_known() -> None:
    assert [claude_model(m).takes_sampling for m in ("claude-opus-4-6", "claude-opus-4-7")] == [True, False]
    assert [claude_model(m).takes_forced_tools for m in ("claude-fable-5", "claude-fable-5-1")] == [True, False]
    assert [claude_model(m).takes_schema for m in ("claude-opus-4-1", "claude-opus-4-0")] == [True, False]
    assert len({pattern for pattern, _ in MODELS}) == len(MODELS)
