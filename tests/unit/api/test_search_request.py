import pytest

from ownkey.api.chat_request import parse_chat_request
from ownkey.api.search_request import parse_direct_search, parse_search_wish
from ownkey.domain.errors import InvalidParameterError, UnknownProviderError, UnsupportedParameterError
from ownkey.domain.search import SearchWish


@pytest.mark.parametrize(
    ("body", "wish"),
    [
        ({}, None),
        ({"webSearch": None}, None),
        ({"webSearch": {"provider": "exa"}}, None),
        ({"webSearch": False}, False),
        ({"webSearch": {"enabled": False, "provider": "exa"}}, False),
        ({"webSearch": True}, SearchWish()),
        ({"linkup": {"enabled": True}}, SearchWish(param="linkup")),
        ({"webSearch": {"enabled": True}, "linkup": {"enabled": False}}, SearchWish()),
        (
            {"webSearch": {"enabled": True, "provider": " Exa", "depth": "deep", "numResults": 3, "category": None}},
            SearchWish(engine="exa", depth="deep", options={"numResults": 3}),
        ),
        ({"webSearch": {"enabled": True, "optional": True}}, SearchWish(optional=True)),
        ({"webSearch": {"enabled": True, "searchContextSize": "low"}}, SearchWish(context_size="low")),
        ({"webSearch": {"enabled": True, "search_context_size": "high"}}, SearchWish(context_size="high")),
    ],
)
def test_what_a_chat_says_of_web_search(body, wish):
    assert parse_search_wish(body) == wish


@pytest.mark.parametrize(
    ("search", "param"),
    [
        ("yes", "webSearch"),
        ({"enabled": "true"}, "webSearch.enabled"),
        ({"enabled": True, "provider": 1}, "webSearch.provider"),
        ({"enabled": True, "depth": ["deep"]}, "webSearch.depth"),
        ({"enabled": True, "optional": 1}, "webSearch.optional"),
        ({"enabled": True, "search_context_size": "huge"}, "webSearch.search_context_size"),
    ],
)
def test_what_is_wrong_is_named(search, param):
    with pytest.raises(InvalidParameterError) as caught:
        parse_search_wish({"webSearch": search})
    assert caught.value.param == param


def test_a_search_never_travels_upstream_and_carries_no_credentials():
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "webSearch": {"enabled": True}}
    assert "webSearch" not in parse_chat_request(body, {}).body
    with pytest.raises(InvalidParameterError) as caught:
        parse_chat_request({**body, "webSearch": {"enabled": True, "api_key": "x"}}, {})
    assert caught.value.param == "webSearch.api_key"


def test_a_direct_search_is_read_whole():
    wanted = parse_direct_search(
        {"query": " Who won? ", "provider": "Exa", "depth": "deep", "outputType": "sourcedAnswer", "numResults": 2},
        {"x-use-byok": "true", "x-team-id": "t1"},
    )
    assert wanted.query == "Who won?"
    assert wanted.wish == SearchWish(engine="exa", depth="deep", options={"numResults": 2}, param="")
    assert (wanted.output, wanted.byok, wanted.team_id) == ("sourcedAnswer", True, "t1")
    assert parse_direct_search({"query": "a", "byok": {"enabled": True, "provider": "kagi"}}, {}).wish.engine == "kagi"


def test_a_pinned_provider_that_is_no_engine_is_named_where_it_stands():
    with pytest.raises(UnknownProviderError, match="'openai'") as caught:
        parse_direct_search({"query": "a", "byok": {"enabled": True, "provider": "openai"}}, {})
    assert caught.value.param == "byok.provider"
    assert parse_direct_search({"query": "a", "provider": "exa"}, {"x-byok-provider": "openai"}).wish.engine == "exa"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "query"),
        ({"query": " "}, "query"),
        ({"query": "a" * 4001}, "query"),
        ({"query": ["a"]}, "query"),
        ({"query": "a", "operation": "fetch"}, "operation"),
        ({"query": "a", "operation": ["search"]}, "operation"),
        ({"query": "a", "outputType": "structured"}, "outputType"),
        ({"query": "a", "structuredOutputSchema": "{}"}, "outputType"),
        ({"query": "a", "outputType": "poem"}, "outputType"),
        ({"query": "a", "outputType": []}, "outputType"),
        ({"query": "a", "provider": 7}, "provider"),
        ({"query": "a", "byok": 7}, "byok"),
        ({"query": "a", "authorization": "Bearer x"}, "authorization"),
    ],
)
def test_what_is_wrong_in_a_direct_search_is_named(body, param):
    with pytest.raises(InvalidParameterError) as caught:
        parse_direct_search(body, {})
    assert caught.value.param == param
    assert isinstance(caught.value, UnsupportedParameterError) == (
        "structured" in str(body) or body.get("operation") is not None
    )
