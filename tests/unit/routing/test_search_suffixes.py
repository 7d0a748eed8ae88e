"""What may follow `:online/` in a model's name."""

import pytest

from ownkey.domain.errors import InvalidParameterError, UnknownProviderError
from ownkey.domain.search import SearchWish
from ownkey.routing.search_suffixes import read_suffix


def wish(engine=None, depth=None, **options):
    return SearchWish(engine=engine, depth=depth, options=options, param="model")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", wish()),
        ("tavily", wish("tavily")),
        ("Tavily-Deep", wish("tavily", "deep")),
        ("exa", wish("exa")),
        ("exa-fast", wish("exa", "fast")),
        ("exa-deep-reasoning", wish("exa", "deep-reasoning")),
        ("kagi", wish("kagi", kagiSource="search")),
        ("kagi-web", wish("kagi", kagiSource="web")),
        ("kagi-news", wish("kagi", kagiSource="news")),
        ("kagi-search", wish("kagi", "deep", kagiSource="search")),
        ("perplexity", wish("perplexity")),
        ("perplexity-deep", wish("perplexity", "deep")),
        ("valyu", wish("valyu")),
        ("valyu-deep", wish("valyu", "deep")),
        ("VALYU-web", wish("valyu", searchType="web")),
        ("valyu-web-deep", wish("valyu", "deep", searchType="web")),
    ],
)
def test_a_suffix_is_a_wish(text, expected):
    assert read_suffix(text) == expected


@pytest.mark.parametrize(
    "text", ["linkup", "linkup-deep", "brave", "sofya", "firecrawl", "google", "-deep", "exa/deep"]
)
def test_an_engine_that_is_none_is_refused_with_the_list(text):
    with pytest.raises(UnknownProviderError, match="tavily, exa, perplexity, kagi, valyu") as refusal:
        read_suffix(text)
    assert refusal.value.param == "model"


@pytest.mark.parametrize("text", ["tavily-fast", "exa-", "kagi-images", "valyu-deep-web", "perplexity-deep-deep"])
def test_a_depth_that_is_none_is_refused_with_the_forms(text):
    with pytest.raises(InvalidParameterError, match=r"write one of \w+, ") as refusal:
        read_suffix(text)
    assert refusal.value.param == "model"
