"""Keys of all 27 providers, made up, and stand-ins for what the provider-key services are wired to."""

import gc
import importlib.util
import json
import random
import string
import warnings
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

from ownkey.adapters.verification import Verdict
from ownkey.domain.chat import Deadline
from ownkey.domain.identity import GatewayKey
from ownkey.domain.provider_keys import Credential

HEX = "0123456789abcdef"
LETTERS_AND_DIGITS = string.ascii_letters + string.digits


def characters(length: int, alphabet: str = LETTERS_AND_DIGITS, *, seed: str = "") -> str:
    """Return `length` characters that look like a key's and are the same in every run."""
    return "".join(random.Random(f"{seed}{length}{alphabet}").choices(alphabet, k=length))


UUID_KEY = f"{characters(8, HEX)}-0000-4000-8000-{characters(12, HEX)}"

AWS_KEY: dict[str, Any] = {
    "accessKeyId": "AKIA" + characters(16, string.ascii_uppercase),
    "secretAccessKey": characters(40),
    "region": "eu-central-1",
}
AZURE_KEY: dict[str, Any] = {
    "endpoint": "https://my-resource.openai.azure.com",
    "apiKey": characters(84),
    "deploymentName": "gpt-5.4_prod",
    "apiVersion": "2024-10-21",
}
FOUNDRY_KEY: dict[str, Any] = {
    "endpoint": "https://my-resource.services.ai.azure.com",
    "apiKey": characters(84, seed="foundry"),
}

USUAL_KEYS: dict[str, str | dict[str, Any]] = {
    "openai": "sk-proj-" + characters(48),
    "openai-responses": "sk-" + characters(44),
    "anthropic": "sk-ant-api03-" + characters(80),
    "openrouter": "sk-or-v1-" + characters(64, HEX),
    "chutes": f"cpk_{characters(32, HEX)}.{characters(32, HEX, seed='b')}.{characters(32)}",
    "aws": AWS_KEY,
    "azure": AZURE_KEY,
    "azure-responses": {name: AZURE_KEY[name] for name in ("endpoint", "apiKey", "apiVersion")},
    "azure-anthropic-foundry": FOUNDRY_KEY,
    "google": "AIza" + characters(35),
    "groq": "gsk_" + characters(52),
    "nvidia": "nvapi-" + characters(64),
    "sambanova": UUID_KEY,
    "vercel": "vck_" + characters(40),
    "novita": "sk_" + characters(40),
    "akash": "akml-" + characters(32),
    "zai": f"{characters(32, HEX)}.{characters(16)}",
    "gmicloud": characters(60),
    "cerebras": "csk-" + characters(48),
    "deepinfra": characters(32),
    "meganova": characters(40),
    "siliconflow": "sk-" + characters(48, seed="siliconflow"),
    "tavily": "tvly-dev-" + characters(32),
    "exa": UUID_KEY,
    "kagi": characters(40, seed="kagi"),
    "perplexity": "pplx-" + characters(48),
    "valyu": characters(40, seed="valyu"),
}
"""A key of the usual shape for every slug of the contract: 22 for chat, 5 for search."""

PLAIN = tuple(slug for slug, key in USUAL_KEYS.items() if isinstance(key, str))
JSON = tuple(slug for slug, key in USUAL_KEYS.items() if isinstance(key, dict))


def with_secret(slug: str, secret: str) -> str | dict[str, Any]:
    """Return the usual key of `slug` with `secret` in the place of its secret part."""
    usual = USUAL_KEYS[slug]
    if isinstance(usual, str):
        return secret
    return {**usual, "secretAccessKey" if slug == "aws" else "apiKey": secret}


def secrets_of(key: str | dict[str, Any]) -> tuple[str, ...]:
    """Return the texts inside `key` that must never be seen again."""
    if isinstance(key, str):
        return (key,)
    return tuple(key[name] for name in ("apiKey", "accessKeyId", "secretAccessKey", "sessionToken") if name in key)


class FakeVerifier:
    """A provider's word on keys, as told; remembers what it was asked."""

    def __init__(self, verdict: Verdict | None = None) -> None:
        self.verdict = verdict or Verdict(valid=True)
        self.asked: list[tuple[str, Credential, str | None, float]] = []

    def verify(self, provider: str, credential: Credential, *, model: str | None, deadline: Deadline) -> Verdict:
        self.asked.append((provider, credential, model, deadline.remaining_seconds()))
        return self.verdict


class Seconds:
    """A deadline that stands still."""

    def __init__(self, seconds: float = 25.0) -> None:
        self.seconds = seconds

    def remaining_seconds(self) -> float:
        return self.seconds


class Clock:
    """The present moment, moved by hand."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **duration: int) -> None:
        self.moment += timedelta(**duration)


ROOT = Path(__file__).parents[2]
EVENT_GATEWAY_KEY = GatewayKey(
    key_id="0" * 16,
    user_id="u-1",
    secret_sha256=sha256(b"0" * 43).hexdigest(),
    name="in the sample events",
    created_at="2026-01-01T00:00:00Z",
)
"""What is stored of the gateway key in the files under `events/`."""


class Invocation:
    """Lambda's context object, as far as our functions read it."""

    aws_request_id = "00000000-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return 28_000


def load_function(name: str) -> ModuleType:
    """Return a fresh import of `functions/<name>/app.py`, as Lambda does it at a cold start."""
    spec = importlib.util.spec_from_file_location(f"functions_{name}", ROOT / "functions" / name / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def forget(module: ModuleType) -> None:
    """Drop a function, whose connections live as long as its process does."""
    module.__dict__.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def sample_events(function: str) -> dict[str, dict[str, Any]]:
    """Return the sample events of a function by their file names without `.json`."""
    return {path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "events" / function).glob("*"))}


def with_body(event: dict[str, Any], body: Any) -> dict[str, Any]:
    """Return `event` with another JSON body."""
    return {**event, "body": json.dumps(body)}
