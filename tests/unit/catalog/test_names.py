import pytest

from ownkey.catalog.names import parse_name


@pytest.mark.parametrize(
    "spellings",
    [
        ("claude-sonnet-4.5", "anthropic/claude-sonnet-4-5", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("claude-3-5-sonnet-20241022", "anthropic/claude-3.5-sonnet", "us.anthropic.claude-3-5-sonnet-20241022-v2:0"),
        ("claude-opus-4-0", "claude-opus-4", "claude-opus-4-20250514", "Claude-Opus-4@20250514"),
        ("claude-opus-4-6", "global.anthropic.claude-opus-4-6-v1"),
        ("llama-3.3-70b-instruct", "Meta-Llama-3.3-70B-Instruct", "us.meta.llama3-3-70b-instruct-v1:0"),
        ("deepseek-v3.2", "deepseek-ai/DeepSeek-V3.2", "DeepSeek-V3.2", "deepseek-ai/DeepSeek-V3.2-TEE"),
        ("qwen3-32b", "alibaba/qwen-3-32b", "Qwen/Qwen3-32B-TEE", "qwen.qwen3-32b-v1:0"),
        ("glm-4.7", "zai-glm-4.7", "z-ai/glm4.7", "zai-org/GLM-4.7-FP8"),
        ("gpt-oss-120b", "openai/gpt-oss-120b:free", "openai.gpt-oss-120b-1:0"),
        ("gpt-4.1", "openai/gpt-4.1-2025-04-14", "GPT-4.1"),
        ("gpt-5-chat", "gpt-5-chat-latest"),
        ("kimi-k2.5", "moonshotai.kimi-k2.5", "moonshotai/Kimi-K2.5"),
    ],
)
def test_all_spellings_of_a_model_are_one(spellings):
    parsed = [parse_name(spelling) for spelling in spellings]
    assert len({(name.author, name.key) for name in parsed}) == 1
    assert parsed[0].author


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ("gpt-4", "gpt-4o"),
        ("claude-opus-4", "claude-opus-4-1"),
        ("gemini-flash-latest", "gemini-flash"),
        ("qwen3-235b-a22b", "qwen3-235b-a22b-thinking-2507"),
        ("nvidia.nemotron-nano-9b-v2", "nvidia.nemotron-nano-9b"),
    ],
)
def test_different_models_stay_apart(one, another):
    assert parse_name(one).key != parse_name(another).key


def test_an_id_tells_snapshot_and_variant():
    assert parse_name("openai/gpt-4.1-2025-04-14").date == "20250414"
    assert parse_name("claude-sonnet-4-5-20250929").date == "20250929"
    assert parse_name("openai/gpt-oss-120b:free").variant == "free"
