"""OpenAI, Azure OpenAI, and the aggregators that take OpenAI's whole body."""

from ownkey.adapters.spec import KeyFormat, ModelRule, ParameterRules, ProviderSpec, Verification

REASONING_FIELDS = frozenset(
    {"reasoning", "reasoning_content", "reasoning_details", "provider_metadata", "images", "executed_tools", "channel"}
)
"""What answers carry beside OpenAI's own message fields, and callers echo in the next request."""

AZURE_SUFFIXES = (".openai.azure.com", ".services.ai.azure.com", ".cognitiveservices.azure.com")
AZURE_ENDPOINT = (
    r"https://[A-Za-z0-9.-]+\.(openai\.azure\.com|services\.ai\.azure\.com|cognitiveservices\.azure\.com)(/.*)?"
)
AZURE_API_KEY = r"[0-9a-f]{32}|[A-Za-z0-9]{84}"
AZURE_API_VERSION = r"\d{4}-\d{2}-\d{2}(-preview)?|v1|preview|latest"
AZURE_FIREWALL_SIGNALS = ("virtual network", "firewall", "public access is disabled")

_SAMPLING = frozenset({"temperature", "top_p", "presence_penalty", "frequency_penalty", "logit_bias"})
LOGPROBS = frozenset({"logprobs", "top_logprobs"})
_TOKENS_RENAMED = {"max_tokens": "max_completion_tokens"}

_OPENAI_MODEL_RULES = (
    # `gpt-(?!35)` leaves out Azure's spelling of gpt-3.5, `(?!-chat)` the models that only chat.
    ModelRule(pattern=r"o\d|gpt-(?!35)([5-9]|[1-9]\d)(?!-chat)", renamed=_TOKENS_RENAMED),
    ModelRule(pattern=r"o\d|gpt-5(?!-chat|\.\d|\d)", dropped=_SAMPLING, refused=LOGPROBS),
    ModelRule(
        pattern=r"gpt-(?!35)(5\.\d|[6-9]|[1-9]\d)(?!-chat)",
        unless={"reasoning_effort": "none"},
        dropped=_SAMPLING,
        refused=LOGPROBS,
    ),
    ModelRule(pattern=r"o3(?!-mini)|o4-mini", refused=frozenset({"stop"})),
    ModelRule(pattern=r"gpt-4o(-mini)?-search-preview", dropped=frozenset({"temperature"})),
)
_OPENAI_TOOL_CHOICES = frozenset({"none", "auto", "required", "function", "custom", "allowed_tools"})
EFFORT_AS_REASONING = {
    effort: {"reasoning": {"effort": effort}} for effort in ("none", "minimal", "low", "medium", "high", "xhigh")
}

OPENAI = ProviderSpec(
    slug="openai",
    name="OpenAI",
    base_url="https://api.openai.com/v1",
    key_format=KeyFormat(pattern=r"sk-[A-Za-z0-9_-]{20,}", hint="sk-…"),
    # A key restricted to some endpoints may not list models and chats all the same.
    verification=Verification(url="/models", proven_by_status=frozenset({403})),
    parameters=ParameterRules(
        tool_choices=_OPENAI_TOOL_CHOICES,
        message_fields_dropped=REASONING_FIELDS,
        model_rules=_OPENAI_MODEL_RULES,
    ),
    billing_signals=("code:insufficient_quota", "billing_hard_limit_reached", "billing_not_active"),
    no_model_signals=("not allowed to sample from this model", "does not have access to model"),
    refusal_signals=("code:unsupported_country_region_territory", "country, region, or territory not supported"),
    maker="openai",
    docs_url="https://platform.openai.com/api-keys",
)

AZURE = ProviderSpec(
    slug="azure",
    name="Azure OpenAI",
    url_style="azure",
    auth="api-key",
    key_format=KeyFormat(
        fields={
            "endpoint": AZURE_ENDPOINT,
            "apiKey": AZURE_API_KEY,
            "deploymentName": r"[A-Za-z0-9._-]{1,64}",
            "apiVersion": AZURE_API_VERSION,
        },
        optional_fields=frozenset({"apiVersion"}),
        hint="JSON with endpoint, apiKey, deploymentName and apiVersion",
    ),
    verification=Verification(url="/models"),
    parameters=ParameterRules(
        tool_choices=_OPENAI_TOOL_CHOICES,
        developer_role=False,
        images_in_tool_messages=False,
        message_fields_dropped=REASONING_FIELDS,
        model_rules=(
            # Azure's gpt-5-chat wants the new name too.
            ModelRule(pattern=r"gpt-5-chat", renamed=_TOKENS_RENAMED),
            *_OPENAI_MODEL_RULES,
        ),
        learns_refused_parameters=True,
    ),
    billing_signals=("code:insufficient_quota",),
    refusal_signals=AZURE_FIREWALL_SIGNALS,
    host_suffixes=AZURE_SUFFIXES,
    docs_url="https://learn.microsoft.com/azure/ai-services/openai/",
)

OPENROUTER = ProviderSpec(
    slug="openrouter",
    name="OpenRouter",
    base_url="https://openrouter.ai/api/v1",
    key_format=KeyFormat(pattern=r"sk-or-(v1-)?[A-Za-z0-9]{20,}", hint="sk-or-v1-…"),
    verification=Verification(url="/key"),
    parameters=ParameterRules(
        cache_control=True,
        message_fields_renamed={"reasoning_content": "reasoning"},
        message_fields_dropped=frozenset({"provider_metadata"}),
    ),
    stream_usage="always",
    cost_field="cost",
    billing_signals=("key limit exceeded", "insufficient credits", "requires more credits"),
    refusal_signals=("moderation", "flagged", "content violates", "usage guidelines", "content policy"),
    docs_url="https://openrouter.ai/settings/keys",
)

VERCEL = ProviderSpec(
    slug="vercel",
    name="Vercel AI Gateway",
    base_url="https://ai-gateway.vercel.sh/v1",
    key_format=KeyFormat(pattern=r"vck_[A-Za-z0-9_-]{20,}|eyJ[A-Za-z0-9._-]+", hint="vck_…"),
    verification=Verification(url="/credits"),
    parameters=ParameterRules(
        cache_control=True,
        efforts=EFFORT_AS_REASONING,
        message_fields_renamed={"reasoning_content": "reasoning"},
        message_fields_dropped=frozenset({"provider_metadata"}),
    ),
    cost_field="cost",
    reasoning_beside_output=True,
    billing_signals=("credit card", "insufficient_funds", "insufficient funds"),
    docs_url="https://vercel.com/docs/ai-gateway",
)
