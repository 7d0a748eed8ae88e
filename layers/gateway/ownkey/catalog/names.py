"""The many spellings of a model's name, folded into one.

The generator and the lookups fold alike, so that whatever a provider calls a model finds the same line of the data.
"""

import re
from dataclasses import dataclass

AUTHORS = {
    "alibaba": "qwen",
    "bytedance-seed": "bytedance",
    "deepseek-ai": "deepseek",
    "meta": "meta-llama",
    "minimaxai": "minimax",
    "mistral": "mistralai",
    "moonshot": "moonshotai",
    "stepfun-ai": "stepfun",
    "thudm": "zai",
    "unsloth": "",
    "xai": "x-ai",
    "xiaomimimo": "xiaomi",
    "z-ai": "zai",
    "zai-org": "zai",
}
"""What else a maker is called -> its name in canonical ids; "" for those who only repackage."""
_MAKERS = (
    (r"(?:gpt|chatgpt|codex|computer-use)-|o\d", "openai"),
    (r"claude-", "anthropic"),
    (r"gem(?:ini|ma)-", "google"),
    (r"(?:zai-)?glm-", "zai"),
    (r"(?:meta-)?llama", "meta-llama"),
    (r"qw(?:en|q)", "qwen"),
    (r"deepseek", "deepseek"),
    (r"kimi-", "moonshotai"),
    (r"minimax-", "minimax"),
    (r"(?:mi[nxs]tral|ministral|magistral|devstral|codestral|pixtral|mixtral)", "mistralai"),
    (r"grok-", "x-ai"),
    (r"mimo-", "xiaomi"),
    (r"nemotron-", "nvidia"),
)
"""How names begin -> who makes them."""
_BEDROCK = re.compile(
    r"(?P<region>(?:us|us-gov|eu|apac|ap|au|jp|ca|global|regional)\.)?"
    r"(?P<vendor>amazon|anthropic|cohere|ai21|deepseek|google|meta|minimax|mistral|moonshot|moonshotai|nvidia|openai|"
    r"qwen|writer|zai)\.(?P<name>.+)"
)
_BEDROCK_REVISION = re.compile(r"-(?:v?\d+:\d+(?::\w+)?|v1)$")
_DATE = re.compile(r"[-@](20\d\d-?[01]\d-?[0-3]\d)$")
_OLD_CLAUDE = re.compile(r"claude-(\d)[-.]?(\d)?-(opus|sonnet|haiku)(?=-|$)")
_ZERO_CLAUDE = re.compile(r"(claude-[a-z]+-\d)[-.]0$")
_OWN_PREFIX = re.compile(r"^(?:meta|zai)-(?=llama|glm)")
_SEPARATORS = re.compile(r"[-._@ ]+")
_INDIFFERENT = frozenset({"instruct", "it", "tee", "fp8", "bf16"})
"""Parts of a name that tell how a host runs the model, not which it is."""


@dataclass(frozen=True, slots=True)
class ModelName:
    """What an id says about the model it names."""

    author: str
    """Who makes it, as in canonical ids; "" when the id does not tell."""
    name: str
    """In lower case, without maker, snapshot date, variant and a cloud's own decoration."""
    key: str
    """The name folded: equal for all spellings of one model."""
    date: str = ""
    """The snapshot's date, digits only; "" when none is named."""
    variant: str = ""
    """What follows the colon, such as `free`."""
    is_bedrock: bool = False
    """Whether this is how Bedrock spells it."""


def parse_name(model: str) -> ModelName:
    """Return what the id `model` says, whoever's spelling it is."""
    author, _, name = model.lower().rpartition("/")
    bedrock = None if author else _BEDROCK.fullmatch(name)
    variant = ""
    if bedrock:
        author, name = bedrock["vendor"], _BEDROCK_REVISION.sub("", bedrock["name"])
        if author == "deepseek" and not name.startswith("deepseek"):
            name = f"deepseek-{name}"
    else:
        name, _, variant = name.partition(":")
    date = ""
    if found := _DATE.search(name):
        name, date = name[: found.start()], found[1].replace("-", "")
    author = AUTHORS.get(author, author) or author_of(name)
    return ModelName(author, name, fold(name), date, variant, bool(bedrock))


def author_of(name: str) -> str:
    """Return who makes models that are named like this; "" when the name does not tell."""
    return next((author for pattern, author in _MAKERS if re.match(pattern, name)), "")


def fold(name: str) -> str:
    """Return the key that all spellings of `name` share."""
    name = _OLD_CLAUDE.sub(lambda found: "-".join(filter(None, ("claude", found[3], found[1], found[2]))), name)
    name = _OWN_PREFIX.sub("", _ZERO_CLAUDE.sub(r"\1", name))
    if name.endswith("-latest") and any(character.isdigit() for character in name):
        name = name.removesuffix("-latest")
    return "".join(part for part in _SEPARATORS.split(name) if part not in _INDIFFERENT)
