"""Search engines: keys of theirs are stored like any other, and no model runs on them."""

from ownkey.adapters.spec import KeyFormat, ProviderSpec, Verification

TAVILY = ProviderSpec(
    slug="tavily",
    name="Tavily",
    kind="search",
    base_url="https://api.tavily.com",
    chat_path="",
    protocol="search",
    key_format=KeyFormat(pattern=r"tvly-[A-Za-z0-9_-]{10,}", hint="tvly-…"),
    verification=Verification(url="/usage"),
    docs_url="https://docs.tavily.com",
)

EXA = ProviderSpec(
    slug="exa",
    name="Exa",
    kind="search",
    base_url="https://api.exa.ai",
    chat_path="",
    protocol="search",
    auth="x-api-key",
    key_format=KeyFormat(pattern=r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", hint="a UUID"),
    verification=Verification(method="POST", url="/search", body={"query": "ping", "numResults": 1}),
    docs_url="https://exa.ai/docs",
)

KAGI = ProviderSpec(
    slug="kagi",
    name="Kagi",
    kind="search",
    base_url="https://kagi.com/api/v1",
    chat_path="",
    protocol="search",
    key_format=KeyFormat(pattern=r"[A-Za-z0-9._-]{20,}"),
    verification=Verification(method="POST", url="/search", body={"query": "kagi", "limit": 1}),
    docs_url="https://help.kagi.com/kagi/api/overview.html",
)

PERPLEXITY = ProviderSpec(
    slug="perplexity",
    name="Perplexity Search",
    kind="search",
    base_url="https://api.perplexity.ai",
    chat_path="",
    protocol="search",
    key_format=KeyFormat(pattern=r"pplx-[A-Za-z0-9]{20,}", hint="pplx-…"),
    verification=Verification(method="POST", url="/search", body={"query": "ping", "max_results": 1}),
    docs_url="https://docs.perplexity.ai",
)

VALYU = ProviderSpec(
    slug="valyu",
    name="Valyu",
    kind="search",
    base_url="https://api.valyu.ai/v1",
    chat_path="",
    protocol="search",
    auth="x-api-key",
    key_format=KeyFormat(pattern=r"[A-Za-z0-9_-]{20,}"),
    verification=Verification(
        method="POST",
        url="/deepsearch",
        body={"query": "ping", "search_type": "web", "max_num_results": 1, "max_price": 1},
    ),
    docs_url="https://docs.valyu.ai",
)
