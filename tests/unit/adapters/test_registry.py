import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ownkey.adapters.registry import REGISTRY
from ownkey.adapters.spec import ParameterRules, ProviderSpec

CHAT = (
    *("openai", "openai-responses", "anthropic", "openrouter", "chutes", "aws", "azure", "azure-responses"),
    *("azure-anthropic-foundry", "google", "groq", "nvidia", "sambanova", "vercel", "novita", "akash", "zai"),
    *("gmicloud", "cerebras", "deepinfra", "meganova", "siliconflow"),
)
SEARCH = ("tavily", "exa", "kagi", "perplexity", "valyu")
LAYER = Path(__file__).parents[3] / "layers" / "gateway"

every_row = pytest.mark.parametrize("spec", REGISTRY.values(), ids=list(REGISTRY))


def test_every_slug_of_the_contract_has_a_row_in_its_order() -> None:
    assert tuple(REGISTRY) == CHAT + SEARCH
    assert tuple(slug for slug, spec in REGISTRY.items() if spec.kind == "search") == SEARCH


@every_row
def test_a_row_is_found_by_its_own_slug_and_says_where_to_read_more(spec: ProviderSpec) -> None:
    assert REGISTRY[spec.slug] is spec
    assert spec.name
    assert urlsplit(spec.docs_url).scheme == "https"


@every_row
def test_a_host_is_either_fixed_or_below_known_domains(spec: ProviderSpec) -> None:
    if spec.base_url:
        base = urlsplit(spec.base_url)
        assert base.scheme == "https"
        assert base.hostname in spec.hosts
        assert not spec.base_url.endswith("/")
        assert not spec.host_suffixes
    else:
        # AWS has a host a region, all of them known; elsewhere people name their own below a known domain.
        assert bool(spec.host_suffixes) != bool(spec.hosts)
        assert all(suffix.startswith(".") for suffix in spec.host_suffixes)
        assert "endpoint" in spec.key_format.fields or "region" in spec.key_format.fields


@every_row
def test_every_pattern_compiles(spec: ProviderSpec) -> None:
    rules = spec.parameters
    of_models = [rule.pattern for rule in rules.model_rules]
    for pattern in (spec.key_format.pattern, *spec.key_format.fields.values(), *of_models):
        re.compile(pattern)


@every_row
def test_a_key_is_proved_somewhere_that_the_provider_is_reached_at(spec: ProviderSpec) -> None:
    assert spec.verification is not None
    url = spec.verification.url
    assert url == "" or url.startswith(("/", "https://"))
    assert (spec.verification.method == "POST") == (spec.verification.body is not None)


@every_row
def test_error_signals_are_lower_case(spec: ProviderSpec) -> None:
    signals = (*spec.billing_signals, *spec.bad_key_signals, *spec.no_model_signals, *spec.refusal_signals)
    assert all(signal == signal.lower() for signal in signals)


@every_row
def test_no_field_is_both_dropped_and_something_else(spec: ProviderSpec) -> None:
    rules = spec.parameters
    assert not rules.dropped & (rules.refused | rules.renamed.keys())
    for rule in rules.model_rules:
        assert not rule.dropped & (rule.refused | rule.renamed.keys())
    assert rules.allowed is None or {"model", "messages", "stream"} <= rules.allowed


@every_row
def test_rows_hold_facts_and_no_callables(spec: ProviderSpec) -> None:
    for holder in (spec, spec.parameters):
        assert isinstance(holder, ProviderSpec | ParameterRules)
        assert not any(callable(getattr(holder, field.name)) for field in fields(holder))


@pytest.mark.parametrize(
    ("slug", "url", "verified_at"),
    [
        ("openai", "https://api.openai.com/v1/chat/completions", "/models"),
        ("openrouter", "https://openrouter.ai/api/v1/chat/completions", "/key"),
        ("chutes", "https://llm.chutes.ai/v1/chat/completions", "https://api.chutes.ai/users/me"),
        ("groq", "https://api.groq.com/openai/v1/chat/completions", "/models"),
        ("nvidia", "https://integrate.api.nvidia.com/v1/chat/completions", "/chat/completions"),
        ("sambanova", "https://api.sambanova.ai/v1/chat/completions", "/models"),
        ("vercel", "https://ai-gateway.vercel.sh/v1/chat/completions", "/credits"),
        ("novita", "https://api.novita.ai/openai/v1/chat/completions", "/models"),
        ("akash", "https://api.akashml.com/v1/chat/completions", "/models"),
        ("zai", "https://api.z.ai/api/paas/v4/chat/completions", "/chat/completions"),
        ("gmicloud", "https://api.gmi-serving.com/v1/chat/completions", "/models"),
        ("cerebras", "https://api.cerebras.ai/v1/chat/completions", "/models"),
        ("deepinfra", "https://api.deepinfra.com/v1/openai/chat/completions", "https://api.deepinfra.com/v1/me"),
        ("meganova", "https://api.meganova.ai/v1/chat/completions", "/models"),
        ("siliconflow", "https://api.siliconflow.com/v1/chat/completions", "/user/info"),
    ],
)
def test_chat_and_proof_of_key_are_where_the_provider_has_them(slug: str, url: str, verified_at: str) -> None:
    spec = REGISTRY[slug]

    assert spec.base_url + spec.chat_path == url
    assert spec.verification is not None
    assert spec.verification.url == verified_at


def test_the_table_imports_nothing_but_the_standard_library() -> None:
    code = "import sys; import ownkey.adapters.registry; print(*sys.modules)"

    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(LAYER)}
    )

    heavy = {"boto3", "botocore", "requests", "urllib3", "pydantic", "http.client", "ssl", "email", "asyncio"}
    assert not heavy & set(shown.stdout.split())
