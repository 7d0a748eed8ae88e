"""The table of providers: one row each, in the order in which callers see them.

Rows are facts. They stand by kind: `flagships.py` (OpenAI, Azure and the aggregators), `compatible.py` (hosts that took
over OpenAI's chat format), `translated.py` (providers with their own) and `search.py` (search engines, which
run no models). A new provider that speaks a known protocol is one row here and an answer of its own in the tests.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ownkey.adapters.registry import compatible, flagships, search, translated
from ownkey.adapters.spec import ProviderSpec

_ROWS = (
    flagships.OPENAI,
    translated.OPENAI_RESPONSES,
    translated.ANTHROPIC,
    flagships.OPENROUTER,
    compatible.CHUTES,
    translated.AWS,
    flagships.AZURE,
    translated.AZURE_RESPONSES,
    translated.AZURE_ANTHROPIC_FOUNDRY,
    translated.GOOGLE,
    compatible.GROQ,
    compatible.NVIDIA,
    compatible.SAMBANOVA,
    flagships.VERCEL,
    compatible.NOVITA,
    compatible.AKASH,
    compatible.ZAI,
    compatible.GMICLOUD,
    compatible.CEREBRAS,
    compatible.DEEPINFRA,
    compatible.MEGANOVA,
    compatible.SILICONFLOW,
    search.TAVILY,
    search.EXA,
    search.KAGI,
    search.PERPLEXITY,
    search.VALYU,
)

REGISTRY: Mapping[str, ProviderSpec] = MappingProxyType({row.slug: row for row in _ROWS})
"""Every provider by its slug."""
