"""What a provider's row can say."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

ProtocolName = Literal[
    "openai_chat", "openai_responses", "anthropic_messages", "bedrock_converse", "google_generate_content", "search"
]
AuthScheme = Literal["bearer", "api-key", "x-api-key", "x-goog-api-key", "sigv4"]
"""The header that carries the key: `Authorization: Bearer`, or the key alone in a header of that name, or AWS's."""
StreamUsage = Literal["on_request", "always"]
"""Whether the provider must be asked (`stream_options.include_usage`) to report usage in a stream."""
UrlStyle = Literal["plain", "azure"]
"""How a chat URL is made: the base URL and the chat path, or Azure's from the credential's deployment and version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFormat:
    """What a provider's key looks like. Patterns are hints: a surprising key is a warning, never a refusal."""

    pattern: str = ""
    """The usual shape of a plain key, as a whole-match regular expression."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """For a JSON credential: its fields and the usual shape of each, "" where anything goes. Empty for a plain key."""
    optional_fields: frozenset[str] = frozenset()
    """Fields of a JSON credential that may be left out."""
    hint: str = ""
    """The format in words, for people."""

    @property
    def is_json(self) -> bool:
        """Whether the key is a JSON object instead of a plain string."""
        return bool(self.fields)

    def looks_usual(self, key: str) -> bool:
        """Return whether a plain key has the usual shape."""
        return not self.pattern or re.fullmatch(self.pattern, key) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The cheapest call that proves a key."""

    method: Literal["GET", "POST", "STS"] = "GET"
    """STS: `sts:GetCallerIdentity` with the AWS credential itself."""
    url: str = "/models"
    """A path below the base URL, or an absolute URL on a host of the provider's. For `url_style` "azure", a path below
    the surface that `protocols/azure.py` finds for the credential's `apiVersion`."""
    body: Mapping[str, Any] | None = None
    proven_by_status: frozenset[int] = frozenset()
    """Statuses besides 2xx that a provider gives only when it has accepted the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRule:
    """How some models of a provider depart from its other ones. Adds to the provider's own `ParameterRules`."""

    pattern: str
    """A regular expression that matches from the start of the provider's model id."""
    unless: Mapping[str, Any] = field(default_factory=dict)
    """Values of request fields that make the rule void when all of them are there."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    efforts: Mapping[str, Mapping[str, Any]] | None = None
    """When given, takes the place of the provider's own table of reasoning efforts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterRules:
    """How a provider departs from OpenAI's request body."""

    renamed: Mapping[str, str] = field(default_factory=dict)
    """Fields that the provider spells differently: ours -> theirs."""
    dropped: frozenset[str] = frozenset()
    """Fields the provider rejects or ignores, and whose loss does not change what was asked for."""
    refused: frozenset[str] = frozenset()
    """Fields the provider cannot honour and whose loss would change the answer: 400 by name."""
    allowed: frozenset[str] | None = None
    """When given, the only fields the provider takes (theirs, after renaming)."""
    clamped: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Numbers that are moved into the provider's range instead of being refused by it."""
    replaced: Mapping[str, tuple[float, Mapping[str, Any]]] = field(default_factory=dict)
    """Numbers that the provider takes in another form: field -> (the number, the fields that go out instead)."""
    efforts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What a `reasoning_effort` goes out as; an effort that is not listed goes out as it came."""
    tool_choices: frozenset[str] = frozenset({"none", "auto", "required", "function"})
    """The tool choices the provider knows."""
    response_formats: frozenset[str] = frozenset({"text", "json_object", "json_schema"})
    """The response formats the provider knows."""
    json_schema_as_prompt: bool = False
    """True: a JSON schema goes out as `json_object` and the schema in a system message."""
    developer_role: bool = True
    """False: the `developer` role goes out as `system`."""
    text_content_as_string: bool = False
    """True: a content array that holds only text goes out as one string."""
    images_in_tool_messages: bool = True
    """False: the provider takes only text as a tool's result."""
    cache_control: bool = False
    """Whether Anthropic's `cache_control` and Google's `extra_content` are passed on; elsewhere they are left out."""
    message_fields_renamed: Mapping[str, str] = field(default_factory=dict)
    """Fields of a message that the provider spells differently: ours -> theirs."""
    message_fields_dropped: frozenset[str] = frozenset()
    """Fields of a message that the provider rejects."""
    null_message_fields: bool = True
    """False: null fields of messages are left out, since the provider rejects them. A null content stays."""
    max_choices: int | None = None
    """The highest `n` the provider honours; None where it has no limit of its own."""
    streamed_tools_body: Mapping[str, Any] = field(default_factory=dict)
    """Fields that are sent when an answer with tools is streamed, unless the caller set them."""
    model_rules: tuple[ModelRule, ...] = ()
    """What only some models need. Every rule whose pattern matches applies."""
    learns_refused_parameters: bool = False
    """True: what a model behind the credential refuses (the name of the token limit, a sampling field) cannot be known
    beforehand, so a refusal that names it is mended once and remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSpec:
    """Where a provider is, how it authenticates, and which wire format it speaks.

    A row holds facts. A provider that needs a decision at run time needs a protocol, not a row.
    """

    slug: str
    """The name callers use; part of the public contract."""
    name: str
    """The name people read."""
    kind: Literal["chat", "search"] = "chat"
    base_url: str = ""
    """Empty when the host comes from the credential: Azure's endpoint, AWS's region."""
    chat_path: str = "/chat/completions"
    url_style: UrlStyle = "plain"
    protocol: ProtocolName = "openai_chat"
    auth: AuthScheme = "bearer"
    auth_also: tuple[str, ...] = ()
    """Further headers that carry the key alone, where a front door and what is behind it read different ones."""
    bearer_else: str = ""
    """The word in the place of `Bearer` for keys that the provider refuses (401) after it; empty: there is none."""
    extra_headers: Mapping[str, str] = field(default_factory=dict)
    key_format: KeyFormat
    verification: Verification | None = field(default_factory=Verification)
    """None: there is no call that proves this key without spending much."""
    parameters: ParameterRules = field(default_factory=ParameterRules)
    stream_usage: StreamUsage = "on_request"
    cost_field: str = ""
    """The field of `usage` in which the provider says what the request cost, in US dollars; empty where it does not."""
    reasoning_beside_output: bool = False
    """True: output tokens may leave reasoning tokens out, which shows in a reasoning count above them."""
    finish_reasons: Mapping[str, str] = field(default_factory=dict)
    """Finish reasons that are not OpenAI's: theirs -> ours."""
    billing_signals: tuple[str, ...] = ()
    """Pieces of an error (lower case) that mean no money, whatever the status. `code:x` is an error code as a whole."""
    bad_key_signals: tuple[str, ...] = ()
    """Pieces of an error that mean a bad key, whatever the status."""
    no_model_signals: tuple[str, ...] = ()
    """Pieces of a 400 or 403 that mean the account has no such model."""
    refusal_signals: tuple[str, ...] = ()
    """Pieces of a 403 that mean the request was refused (moderation, a country, a firewall), not the key."""
    too_long_signals: tuple[str, ...] = ()
    """Pieces of a refusal that mean, at this provider alone, that the prompt does not fit the model's context."""
    further_hosts: frozenset[str] = frozenset()
    """Fixed hosts that no URL of the row names, such as one for each region."""
    host_suffixes: tuple[str, ...] = ()
    """For hosts that come from the credential: the only domains they may be under, each with its leading dot."""
    maker: str = ""
    """The only maker whose models it runs, as in the catalog's ids; empty where it runs those of several."""
    docs_url: str = ""

    @property
    def hosts(self) -> frozenset[str]:
        """The fixed hosts this provider may be reached at."""
        urls = [self.base_url, self.verification.url if self.verification else ""]
        return self.further_hosts.union(host for url in urls if (host := urlsplit(url).hostname))
