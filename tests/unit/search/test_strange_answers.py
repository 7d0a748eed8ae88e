"""Answers that are none, and answers full of nonsense."""

import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ownkey.adapters.registry import REGISTRY
from ownkey.domain.errors import ProviderFailureError, UpstreamError
from ownkey.domain.search import SEARCH_ENGINES, SearchAnswer
from ownkey.search.engines.reading import CONTENT_LIMIT, RESULT_LIMIT
from ownkey.search.searcher import ANSWER_LIMIT
from tests.support.adapter_transport import FakeResponse, json_response
from tests.support.search import search

ENGINES = pytest.mark.parametrize("engine", SEARCH_ENGINES)
NO_ANSWERS = [
    b"",
    b"<!DOCTYPE html><html><body>hi</body></html>",
    b"not json",
    b"[]",
    b'"text"',
    b"null",
    b"{}",
    b'{"results": 3}',
    b'{"results": "x", "data": "x", "output": {}}',
    b'{"data": 7}',
    b"[" * 100_000,
    b'{"results": [',
]
NAMES = (
    *("results", "data", "search", "news", "image", "output", "content", "text", "url", "title", "score", "error"),
    *("success", "costDollars", "total", "usage", "cost", "type", "total_cost", "images", "extras", "imageLinks"),
    *("image_url", "snippet", "props", "answer", "total_deduction_dollars", "highlights", "date"),
)
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
ODD_TEXTS = st.sampled_from(["https://a.example/", "javascript:alert(1)", "http://[", "\ud800", "search_results"])
JSON = st.recursive(
    VALUES | ODD_TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=25,
)
PAYLOADS = st.dictionaries(st.sampled_from(["results", "data", "output", "usage", "images", "answer", "error"]), JSON)


@ENGINES
@pytest.mark.parametrize("body", NO_ANSWERS, ids=lambda body: body[:20].decode())
def test_an_answer_that_is_none(engine, body):
    with pytest.raises(ProviderFailureError, match=REGISTRY[engine].name):
        search(engine, FakeResponse(200, body, {"content-type": "text/html"}))


@ENGINES
def test_an_answer_that_is_too_large(engine):
    response = FakeResponse(200, b" " * (ANSWER_LIMIT + 10))
    with pytest.raises(ProviderFailureError, match="too large"):
        search(engine, response)
    assert response.bytes_read == ANSWER_LIMIT + 1


def test_an_answer_is_bounded():
    rows = [
        {"url": f"https://a.example/{number}", "title": "t" * 9999, "content": "c" * (CONTENT_LIMIT + 1)}
        for number in range(3)
    ]
    found = search("tavily", json_response({"results": rows}))
    assert {(len(result.title), len(result.content)) for result in found.results} == {(500, CONTENT_LIMIT)}
    many = [{"url": f"https://a.example/{number}"} for number in range(RESULT_LIMIT + 50)]
    assert len(search("tavily", json_response({"results": many})).results) == RESULT_LIMIT


@ENGINES
@pytest.mark.parametrize("output", ["searchResults", "sourcedAnswer"])
@settings(max_examples=60, deadline=None)
@given(payload=PAYLOADS)
def test_whatever_comes_is_an_answer_or_an_error(engine, output, payload):
    output = output if engine not in ("kagi", "valyu") else "searchResults"
    response = FakeResponse(200, json.dumps(payload).encode())
    try:
        found = search(engine, response, output=output, includeImages=engine != "perplexity")
    except UpstreamError:
        return
    assert isinstance(found, SearchAnswer)
    for result in found.results:
        assert result.url.startswith(("http://", "https://"))
        (result.title + result.content + result.url).encode()


def test_starting_imports_no_engine():
    script = "import sys, ownkey.search.searcher; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env={"PYTHONPATH": "layers/gateway"}
    )
    loaded = set(done.stdout.split())
    assert "ownkey.search.searcher" in loaded
    assert not loaded & {"pydantic", "requests", *(f"ownkey.search.engines.{engine}" for engine in SEARCH_ENGINES)}
