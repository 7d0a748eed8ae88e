import pytest

from ownkey.adapters.protocols.bedrock_converse import Model, region_prefix

ARN = "arn:aws:bedrock:us-east-1:123456789012:"


@pytest.mark.parametrize(
    ("model_id", "family"),
    [
        ("anthropic.claude-3-haiku-20240307-v1:0", "anthropic"),
        ("us.anthropic.claude-sonnet-4-6", "anthropic"),
        ("us-gov.anthropic.claude-sonnet-4-6", "anthropic"),
        ("global.amazon.nova-2-lite-v1:0", "amazon"),
        ("openai.gpt-oss-120b-1:0", "openai"),
        (f"{ARN}inference-profile/us.meta.llama4-maverick-17b-instruct-v1:0", "meta"),
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0", "amazon"),
        (f"{ARN}application-inference-profile/abc123", ""),
        (f"{ARN}provisioned-model/abc123", ""),
    ],
)
def test_the_family_is_in_the_id(model_id: str, family: str) -> None:
    assert Model(model_id).family == family


@pytest.mark.parametrize(
    ("model_id", "thinking", "schema", "sampling"),
    [
        ("anthropic.claude-v2:1", "none", "none", True),
        ("anthropic.claude-3-5-sonnet-20240620-v1:0", "none", "tool", True),
        ("us.anthropic.claude-3-7-sonnet-20250219-v1:0", "budget", "tool", True),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", "budget", "tool", True),
        ("us.anthropic.claude-opus-4-1-20250805-v1:0", "budget", "native", True),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "budget", "native", True),
        ("anthropic.claude-opus-4-6-v1", "adaptive", "native", True),
        ("anthropic.claude-opus-4-8", "adaptive", "tool", False),
        ("us.anthropic.claude-sonnet-5", "adaptive", "tool", False),
        ("anthropic.claude-next", "adaptive", "tool", False),
        ("us.amazon.nova-pro-v1:0", "none", "tool", True),
        ("zai.glm-4.7-flash", "none", "native", True),
    ],
)
def test_what_a_model_takes_follows_from_its_id(model_id: str, thinking: str, schema: str, sampling: bool) -> None:
    model = Model(model_id)

    assert (model.thinking, model.schema_support, model.takes_sampling) == (thinking, schema, sampling)


@pytest.mark.parametrize(
    ("region", "prefix"),
    [
        ("us-west-2", "us."),
        ("us-gov-west-1", "us-gov."),
        ("eu-central-1", "eu."),
        ("ap-northeast-1", "jp."),
        ("ap-northeast-2", "apac."),
        ("ap-southeast-2", "au."),
        ("ap-south-1", "apac."),
        ("sa-east-1", "global."),
        ("ca-central-1", "global."),
    ],
)
def test_a_region_has_its_profiles(region: str, prefix: str) -> None:
    assert region_prefix(region) == prefix
