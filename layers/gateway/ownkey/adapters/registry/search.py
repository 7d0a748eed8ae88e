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
    billing_signals=("exceeds your plan", "usage limit", "pay-as-you-go limit"),
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
    billing_signals=("code:no_more_credits", "code:api_key_budget_exceeded"),
    # A 403 is about a feature or a policy.
    refusal_signals=(
        "code:access_denied",
        "code:feature_disabled",
        "code:prohibited_content",
        "code:robots_filter_failed",
    ),
    docs_url="https://exa.ai/docs",
)

KAGI = ProviderSpec(
    slug="kagi",
    name="Kagi",
    kind="search",
    base_url="https://kagi.com/api/v1",
    chat_path="",
    protocol="search",
    # Keys of the older kind go after another word.
    bearer_else="Bot",
    key_format=KeyFormat(pattern=r"[A-Za-z0-9._-]{20,}"),
    verification=Verification(method="POST", url="/search", body={"query": "kagi", "limit": 1}),
    # Whoever used up their limit gets a 429 as well.
    billing_signals=("insufficient credit", "usage limit", "exhausted"),
    # A 403 is about the caller's address.
    refusal_signals=("ip address", " ip "),
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
    billing_signals=("exceeded your current quota", "insufficient credit"),
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
    billing_signals=("insufficient credit", "insufficient balance", "insufficient funds"),
    bad_key_signals=("invalid api key",),
    docs_url="https://docs.valyu.ai",
)
