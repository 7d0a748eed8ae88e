"""Providers with a wire format of their own, and OpenAI's second one."""

from ownkey.adapters.aws_regions import AWS_REGIONS
from ownkey.adapters.registry.flagships import (
    AZURE_API_KEY,
    AZURE_API_VERSION,
    AZURE_ENDPOINT,
    AZURE_FIREWALL_SIGNALS,
    AZURE_SUFFIXES,
    OPENAI,
)
from ownkey.adapters.spec import KeyFormat, ParameterRules, ProviderSpec, Verification

_ANTHROPIC_VERSION = {"anthropic-version": "2023-06-01"}

_RESPONSES_FIELDS = frozenset(
    {"model", "messages", "stream", "max_tokens", "max_completion_tokens", "temperature", "top_p", "logprobs"}
    | {"top_logprobs", "tools", "tool_choice", "parallel_tool_calls", "response_format", "verbosity"}
    | {"reasoning_effort", "reasoning", "service_tier", "metadata", "user", "safety_identifier"}
    | {"prompt_cache_key", "prompt_cache_retention", "stream_options"}
)
"""What a chat completion can ask for and Responses has a place for."""
_RESPONSES_RULES = ParameterRules(
    allowed=_RESPONSES_FIELDS,
    tool_choices=OPENAI.parameters.tool_choices,
    message_fields_dropped=frozenset({"name"}),
    max_choices=1,
    model_rules=OPENAI.parameters.model_rules,
    # The name of an Azure deployment need not tell its model, and what an organisation may ask for differs.
    learns_refused_parameters=True,
)

OPENAI_RESPONSES = ProviderSpec(
    slug="openai-responses",
    name="OpenAI (Responses)",
    base_url="https://api.openai.com/v1",
    chat_path="/responses",
    protocol="openai_responses",
    key_format=OPENAI.key_format,
    verification=OPENAI.verification,
    parameters=_RESPONSES_RULES,
    stream_usage="always",
    billing_signals=OPENAI.billing_signals,
    no_model_signals=OPENAI.no_model_signals,
    refusal_signals=OPENAI.refusal_signals,
    maker="openai",
    docs_url=OPENAI.docs_url,
)

ANTHROPIC = ProviderSpec(
    slug="anthropic",
    name="Anthropic",
    base_url="https://api.anthropic.com/v1",
    chat_path="/messages",
    protocol="anthropic_messages",
    auth="x-api-key",
    extra_headers=_ANTHROPIC_VERSION,
    key_format=KeyFormat(pattern=r"sk-ant-[A-Za-z0-9_-]{20,}", hint="sk-ant-…"),
    verification=Verification(url="/models?limit=1"),
    stream_usage="always",
    billing_signals=("credit balance",),
    maker="anthropic",
    docs_url="https://console.anthropic.com/settings/keys",
)

AWS = ProviderSpec(
    slug="aws",
    name="AWS Bedrock",
    chat_path="/model/{model}/converse",
    protocol="bedrock_converse",
    auth="sigv4",
    key_format=KeyFormat(
        fields={
            "accessKeyId": r"(AKIA|ASIA)[A-Z0-9]{16}",
            "secretAccessKey": r"[A-Za-z0-9/+=]{40}",
            "region": r"[a-z]{2}(-[a-z]+)+-\d",
            "sessionToken": "",
        },
        optional_fields=frozenset({"sessionToken"}),
        hint="JSON with accessKeyId, secretAccessKey and region",
    ),
    verification=Verification(method="STS", url=""),
    stream_usage="always",
    further_hosts=frozenset(f"bedrock-runtime.{region}.amazonaws.com" for region in AWS_REGIONS),
    docs_url="https://docs.aws.amazon.com/bedrock/latest/userguide/",
)

AZURE_RESPONSES = ProviderSpec(
    slug="azure-responses",
    name="Azure OpenAI (Responses)",
    chat_path="/responses",
    url_style="azure",
    protocol="openai_responses",
    auth="api-key",
    key_format=KeyFormat(
        fields={"endpoint": AZURE_ENDPOINT, "apiKey": AZURE_API_KEY, "apiVersion": AZURE_API_VERSION},
        optional_fields=frozenset({"apiVersion"}),
        hint="JSON with endpoint, apiKey and apiVersion",
    ),
    verification=Verification(url="/models"),
    parameters=_RESPONSES_RULES,
    stream_usage="always",
    refusal_signals=AZURE_FIREWALL_SIGNALS,
    host_suffixes=AZURE_SUFFIXES,
    docs_url="https://learn.microsoft.com/azure/ai-services/openai/",
)

AZURE_ANTHROPIC_FOUNDRY = ProviderSpec(
    slug="azure-anthropic-foundry",
    name="Claude on Microsoft Foundry",
    chat_path="/anthropic/v1/messages",
    protocol="anthropic_messages",
    auth="x-api-key",
    auth_also=("api-key",),
    extra_headers=_ANTHROPIC_VERSION,
    key_format=KeyFormat(
        fields={
            "endpoint": r"https://[A-Za-z0-9-]+\.services\.ai\.azure\.com(/anthropic)?(/v1)?(/messages)?/?",
            "apiKey": r"[A-Za-z0-9]{32,}",
        },
        hint="JSON with endpoint and apiKey",
    ),
    # There is no list of models. A deployment that does not exist costs nothing, and 404 means the key was accepted.
    verification=Verification(
        method="POST",
        url="/anthropic/v1/messages",
        body={"model": "key-check", "max_tokens": 1, "messages": [{"role": "user", "content": "."}]},
        proven_by_status=frozenset({404}),
    ),
    parameters=ParameterRules(dropped=frozenset({"service_tier"})),
    stream_usage="always",
    refusal_signals=AZURE_FIREWALL_SIGNALS,
    host_suffixes=(".services.ai.azure.com",),
    maker="anthropic",
    docs_url="https://learn.microsoft.com/azure/ai-foundry/",
)

GOOGLE = ProviderSpec(
    slug="google",
    name="Google AI Studio",
    base_url="https://generativelanguage.googleapis.com/v1beta",
    chat_path="/models/{model}:generateContent",
    protocol="google_generate_content",
    auth="x-goog-api-key",
    key_format=KeyFormat(pattern=r"AIza[0-9A-Za-z_-]{35}", hint="AIza…"),
    verification=Verification(url="/models?pageSize=1"),
    stream_usage="always",
    billing_signals=("credits are depleted",),
    bad_key_signals=("code:api_key_invalid", "api key not valid"),
    maker="google",
    docs_url="https://aistudio.google.com/apikey",
)
