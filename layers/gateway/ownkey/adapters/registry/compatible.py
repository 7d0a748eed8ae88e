"""Hosts of open models that took over OpenAI's chat format, each with its own gaps."""

from dataclasses import replace

from ownkey.adapters.registry.flagships import EFFORT_AS_REASONING, LOGPROBS, REASONING_FIELDS
from ownkey.adapters.spec import KeyFormat, ModelRule, ParameterRules, ProviderSpec, Verification

_FOREIGN_FIELDS = REASONING_FIELDS | {"annotations", "refusal", "audio", "executed_tools"}
"""Message fields of other providers' answers, which strict hosts reject when callers echo them."""
_MODERN_TO_OLD_TOKENS = {"max_completion_tokens": "max_tokens"}
_OPEN_HOST = ParameterRules(developer_role=False, message_fields_dropped=_FOREIGN_FIELDS, null_message_fields=False)
_OLD_TOKENS = replace(_OPEN_HOST, renamed=_MODERN_TO_OLD_TOKENS)
_PENALTIES = frozenset({"presence_penalty", "frequency_penalty", "logit_bias"})
_PING = [{"role": "user", "content": "."}]

_GPT_OSS_EFFORTS = {
    "none": {"reasoning_effort": "low"},
    "minimal": {"reasoning_effort": "low"},
    "xhigh": {"reasoning_effort": "high"},
    "max": {"reasoning_effort": "high"},
}
_GPT_OSS = ModelRule(pattern=r"(openai/)?gpt-oss", efforts=_GPT_OSS_EFFORTS)
_QWEN_EFFORTS = {
    effort: {"reasoning_effort": "default"} for effort in ("minimal", "low", "medium", "high", "xhigh", "max")
}

CHUTES = ProviderSpec(
    slug="chutes",
    name="Chutes",
    base_url="https://llm.chutes.ai/v1",
    key_format=KeyFormat(pattern=r"cpk_[a-f0-9]{32}\.[a-f0-9]{32}\.[A-Za-z0-9]{32}", hint="cpk_…"),
    verification=Verification(url="https://api.chutes.ai/users/me"),
    parameters=_OLD_TOKENS,
    stream_usage="always",
    docs_url="https://chutes.ai/docs",
)

GROQ = ProviderSpec(
    slug="groq",
    name="Groq",
    base_url="https://api.groq.com/openai/v1",
    key_format=KeyFormat(pattern=r"gsk_[A-Za-z0-9]{40,}", hint="gsk_…"),
    parameters=replace(
        _OPEN_HOST,
        dropped=_PENALTIES | {"store", "metadata"},
        refused=LOGPROBS,
        clamped={"temperature": (0, 2)},
        replaced={"temperature": (0, {"temperature": 1e-8})},
        message_fields_dropped=_FOREIGN_FIELDS | {"name"},
        max_choices=1,
        model_rules=(_GPT_OSS, ModelRule(pattern=r"qwen/qwen3", efforts=_QWEN_EFFORTS)),
    ),
    no_model_signals=("model_permission_blocked",),
    docs_url="https://console.groq.com/keys",
)

NVIDIA = ProviderSpec(
    slug="nvidia",
    name="NVIDIA NIM",
    base_url="https://integrate.api.nvidia.com/v1",
    key_format=KeyFormat(pattern=r"nvapi-[A-Za-z0-9_-]{40,}", hint="nvapi-…"),
    # Its list of models may be public. An account that may not run this model answers 404, with the key accepted.
    verification=Verification(
        method="POST",
        url="/chat/completions",
        body={"model": "meta/llama-3.1-8b-instruct", "max_tokens": 1, "messages": _PING},
        proven_by_status=frozenset({404}),
    ),
    parameters=replace(
        _OLD_TOKENS,
        allowed=frozenset(
            {"model", "messages", "temperature", "top_p", "max_tokens", "stop", "seed", "frequency_penalty", "stream"}
            | {"presence_penalty", "stream_options", "tools", "tool_choice", "parallel_tool_calls", "response_format"}
        ),
    ),
    docs_url="https://build.nvidia.com",
)

SAMBANOVA = ProviderSpec(
    slug="sambanova",
    name="SambaNova Cloud",
    base_url="https://api.sambanova.ai/v1",
    key_format=KeyFormat(pattern=r"[A-Za-z0-9-]{20,}", hint="a UUID"),
    parameters=replace(
        _OPEN_HOST,
        dropped=_PENALTIES | {"seed"},
        refused=LOGPROBS,
        text_content_as_string=True,
        max_choices=1,
        model_rules=(_GPT_OSS,),
    ),
    docs_url="https://docs.sambanova.ai",
)

NOVITA = ProviderSpec(
    slug="novita",
    name="Novita AI",
    base_url="https://api.novita.ai/openai/v1",
    key_format=KeyFormat(pattern=r"(sk_|nvta_)?[A-Za-z0-9_-]{20,}", hint="sk_…"),
    parameters=_OLD_TOKENS,
    billing_signals=("not_enough_balance", "not enough balance"),
    bad_key_signals=("code:invalid_api_key", "code:failed_to_auth"),
    docs_url="https://novita.ai/docs",
)

AKASH = ProviderSpec(
    slug="akash",
    name="AkashML",
    base_url="https://api.akashml.com/v1",
    key_format=KeyFormat(pattern=r"(akml-|sk-)[A-Za-z0-9_-]{16,}", hint="akml-…"),
    parameters=replace(_OPEN_HOST, efforts=EFFORT_AS_REASONING),
    docs_url="https://playground.akashml.com/docs",
)

_THINK = {"thinking": {"type": "enabled"}}
_DO_NOT_THINK = {"thinking": {"type": "disabled"}}
_ZAI_EFFORTS = {
    "none": _DO_NOT_THINK,
    "minimal": _DO_NOT_THINK,
    **dict.fromkeys(("low", "medium", "high", "xhigh", "max"), _THINK),
}

ZAI = ProviderSpec(
    slug="zai",
    name="Z.AI",
    base_url="https://api.z.ai/api/paas/v4",
    key_format=KeyFormat(pattern=r"[0-9a-f]{32}\.[A-Za-z0-9]{16}", hint="{id}.{secret}"),
    verification=Verification(
        method="POST",
        url="/chat/completions",
        body={"model": "glm-4.5-flash", "max_tokens": 1, "thinking": {"type": "disabled"}, "messages": _PING},
    ),
    parameters=replace(
        _OPEN_HOST,
        renamed={**_MODERN_TO_OLD_TOKENS, "user": "user_id"},
        dropped=_PENALTIES,
        refused=LOGPROBS,
        clamped={"temperature": (0.01, 0.99), "top_p": (0.01, 0.99)},
        replaced={"temperature": (0, {"do_sample": False})},
        efforts=_ZAI_EFFORTS,
        # Only `auto` is documented; a named function is taken all the same, as recorded answers show.
        tool_choices=frozenset({"auto", "function"}),
        response_formats=frozenset({"text", "json_object"}),
        json_schema_as_prompt=True,
        message_fields_dropped=_FOREIGN_FIELDS - {"reasoning_content"},
        max_choices=1,
        streamed_tools_body={"tool_stream": True},
        model_rules=(
            ModelRule(
                pattern=r"(?i)glm-5\.2",
                efforts={
                    **_ZAI_EFFORTS,
                    "high": {**_THINK, "reasoning_effort": "high"},
                    "xhigh": {**_THINK, "reasoning_effort": "max"},
                    "max": {**_THINK, "reasoning_effort": "max"},
                },
            ),
        ),
    ),
    stream_usage="always",
    finish_reasons={
        "sensitive": "content_filter",
        "model_context_window_exceeded": "length",
        "network_error": "error",
    },
    billing_signals=("code:1113",),
    maker="zai",
    too_long_signals=("code:1261",),
    docs_url="https://docs.z.ai",
)

GMICLOUD = ProviderSpec(
    slug="gmicloud",
    name="GMI Cloud",
    base_url="https://api.gmi-serving.com/v1",
    key_format=KeyFormat(pattern=r"[A-Za-z0-9._-]{20,}"),
    parameters=_OLD_TOKENS,
    docs_url="https://docs.gmicloud.ai",
)

CEREBRAS = ProviderSpec(
    slug="cerebras",
    name="Cerebras",
    base_url="https://api.cerebras.ai/v1",
    key_format=KeyFormat(pattern=r"csk-[A-Za-z0-9]{40,}", hint="csk-…"),
    parameters=replace(
        _OPEN_HOST,
        dropped=_PENALTIES,
        clamped={"temperature": (0, 1.5)},
        message_fields_renamed={"reasoning_content": "reasoning"},
        message_fields_dropped=_FOREIGN_FIELDS - {"reasoning"},
        model_rules=(_GPT_OSS,),
    ),
    bad_key_signals=("code:wrong_api_key",),
    docs_url="https://inference-docs.cerebras.ai",
)

DEEPINFRA = ProviderSpec(
    slug="deepinfra",
    name="DeepInfra",
    base_url="https://api.deepinfra.com/v1/openai",
    key_format=KeyFormat(pattern=r"[A-Za-z0-9]{32}"),
    verification=Verification(url="https://api.deepinfra.com/v1/me"),
    parameters=replace(
        _OLD_TOKENS,
        tool_choices=frozenset({"auto", "none"}),
        text_content_as_string=True,
        images_in_tool_messages=False,
        max_choices=1,
    ),
    cost_field="estimated_cost",
    reasoning_beside_output=True,
    docs_url="https://deepinfra.com/docs",
)

MEGANOVA = ProviderSpec(
    slug="meganova",
    name="MegaNova",
    base_url="https://api.meganova.ai/v1",
    key_format=KeyFormat(pattern=r"[A-Za-z0-9._-]{16,}"),
    parameters=replace(
        _OLD_TOKENS,
        # `stream_options` is not documented; without it nobody would know what a stream used.
        allowed=frozenset(
            {"messages", "model", "temperature", "top_p", "max_tokens", "stream", "stream_options", "tools"}
            | {"tool_choice"}
        ),
    ),
    docs_url="https://meganova.ai",
)

SILICONFLOW = ProviderSpec(
    slug="siliconflow",
    name="SiliconFlow",
    base_url="https://api.siliconflow.com/v1",
    key_format=KeyFormat(pattern=r"sk-[A-Za-z0-9]{20,}", hint="sk-…"),
    verification=Verification(url="/user/info"),
    parameters=replace(
        _OLD_TOKENS,
        model_rules=(
            ModelRule(pattern=r"(?i)(?!.*deepseek-v4-flash)", dropped=frozenset({"reasoning_effort"})),
            ModelRule(
                pattern=r"(?i).*deepseek-v4-flash",
                efforts={
                    **{effort: {"reasoning_effort": "high"} for effort in ("minimal", "low", "medium")},
                    "xhigh": {"reasoning_effort": "max"},
                },
            ),
        ),
    ),
    billing_signals=("code:30001", "balance is insufficient", "insufficient balance"),
    refusal_signals=("real-name", "real name"),
    docs_url="https://docs.siliconflow.com",
)
