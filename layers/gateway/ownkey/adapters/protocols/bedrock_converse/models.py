"""What can be told of a model from its id on Bedrock: who made it, and what it takes."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from ownkey.adapters.protocols.claude_models import ClaudeModel, claude_model

REGION_PREFIXES = frozenset({"us", "eu", "apac", "jp", "au", "ca", "us-gov", "global"})
"""What an id of a cross-region inference profile begins with."""

_CLAUDE_2 = re.compile(r"claude-(?:v\d|instant)")
_NATIVE_SCHEMA = frozenset({"openai", "qwen", "zai", "google", "minimax", "moonshot", "moonshotai", "nvidia"})
_NO_TOOL_CHOICE = frozenset({"meta", "cohere", "ai21", "writer", "luma", "stability"})
_NO_SYSTEM = ("amazon.titan", "mistral.mistral-7b", "mistral.mixtral", "cohere.command-text", "cohere.command-light")
_HIDING = (":application-inference-profile", ":provisioned-model", ":custom-model-deployment", ":imported-model")

SchemaSupport = Literal["native", "tool", "none"]
"""A JSON schema travels as itself, as the input of a tool, or not at all."""
Thinking = Literal["adaptive", "budget", "effort", "reasoning", "nova", "none"]
"""In which words a model is told how much to think."""


@dataclass(frozen=True)
class Model:
    """A model, by the id that callers use for it: of the model itself, of an inference profile, or an ARN."""

    id: str

    @cached_property
    def name(self) -> str:
        """The id without ARN and region; "" when the id hides which model it is."""
        name = self.id
        if name.startswith("arn:"):
            kind, _, name = name.rpartition("/")
            if kind.endswith(_HIDING):
                return ""
        prefix, _, rest = name.partition(".")
        return rest if prefix in REGION_PREFIXES else name

    @property
    def family(self) -> str:
        """Who made it; "" when that is hidden."""
        return self.name.partition(".")[0]

    @property
    def is_claude(self) -> bool:
        """Whether it is one of Anthropic's."""
        return self.family == "anthropic"

    @property
    def is_nova(self) -> bool:
        """Whether it is one of Amazon's Nova models."""
        return self.name.startswith("amazon.nova")

    @property
    def is_mistral(self) -> bool:
        """Whether it is one of Mistral's."""
        return self.family == "mistral"

    @property
    def has_region(self) -> bool:
        """Whether the id says where it may run, so that no other spelling of it can help."""
        return self.id.startswith("arn:") or self.id.partition(".")[0] in REGION_PREFIXES

    @property
    def claude(self) -> ClaudeModel:
        """What is known of it, given that it is one of Anthropic's."""
        return claude_model("claude-2" if _CLAUDE_2.search(self.name) else self.name)

    @property
    def always_thinks(self) -> bool:
        """Whether it is a Claude that cannot be told not to think."""
        return self.is_claude and self.claude.can_stop_thinking == "never"

    @property
    def thinks_unasked(self) -> bool:
        """Whether it is a Claude that thinks unless it is told not to."""
        return self.is_claude and self.claude.thinks_unasked

    @property
    def thinking(self) -> Thinking:
        """How it is told how much to think."""
        if self.is_claude:
            return self.claude.thinking
        if self.name.startswith("openai.gpt-oss") or self.name.startswith("deepseek.v3"):
            return "effort"
        if self.name.startswith("openai."):
            return "reasoning"
        return "nova" if self.name.startswith("amazon.nova-2") else "none"

    @property
    def takes_sampling(self) -> bool:
        """Whether temperature and its like may be set."""
        return not self.is_claude or self.claude.takes_sampling

    @property
    def takes_temperature_with_top_p(self) -> bool:
        """Whether both may be set at once."""
        return not self.is_claude

    @property
    def takes_tool_choice(self) -> bool:
        """Whether it can be told to call a tool."""
        return not (self.family in _NO_TOOL_CHOICE or self.name.startswith(("deepseek.r1", *_NO_SYSTEM)))

    @property
    def takes_forced_tool(self) -> bool:
        """Whether a tool can be forced on it at all; a Claude that always thinks refuses."""
        return self.takes_tool_choice and not self.always_thinks

    @property
    def takes_system(self) -> bool:
        """Whether it knows instructions besides the conversation."""
        return not self.name.startswith(_NO_SYSTEM)

    @property
    def takes_result_status(self) -> bool:
        """Whether it can be told that a tool failed."""
        return self.is_claude or self.is_nova

    @property
    def caches_prompts(self) -> bool:
        """Whether prompts may hold cache points."""
        return self.is_claude or self.is_nova or not self.name

    @property
    def schema_support(self) -> SchemaSupport:
        """How it is bound to a JSON schema."""
        if self.is_claude:
            # Claudes from 4.7 on take schemas from Anthropic, but not yet from Bedrock.
            native = self.claude.takes_schema and self.claude.takes_sampling
            return "native" if native else "none" if _CLAUDE_2.search(self.name) else "tool"
        if self.name.startswith(_NO_SYSTEM) or self.name.startswith("deepseek.r1"):
            return "none"
        if self.family in _NATIVE_SCHEMA or self.is_mistral or self.family == "deepseek":
            return "native"
        return "tool"


def region_prefix(region: str) -> str:
    """Return the prefix of the inference profiles that a region of AWS uses."""
    if region.startswith("us-gov-"):
        return "us-gov."
    if region in ("ap-northeast-1", "ap-northeast-3"):
        return "jp."
    if region in ("ap-southeast-2", "ap-southeast-4"):
        return "au."
    return {"us": "us.", "eu": "eu.", "ap": "apac."}.get(region.partition("-")[0], "global.")
