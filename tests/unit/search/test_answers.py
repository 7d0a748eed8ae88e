"""What is made of the engines' good answers."""

import json
from typing import Any

import pytest

from ownkey.domain.search import SearchAnswer, SearchResult
from ownkey.search.engines.reading import URL_LIMIT
from ownkey.search.preparation import engine_named
from tests.support.adapter_recordings import FOLDER
from tests.support.adapter_transport import FakeResponse, json_response
from tests.support.search import search


def found(engine, payload, **wish) -> tuple[SearchResult, ...]:
    return search(engine, json_response(payload), **wish).results


def test_tavily():
    payload = {
        "results": [
            {"title": "A", "url": "https://a.example/", "content": "short", "raw_content": "long", "score": 0.25},
            {"title": "B", "url": "https://b.example/", "content": "b", "raw_content": None, "published_date": "Mon"},
        ],
        "images": ["https://a.example/1.png", {"url": "https://a.example/2.png", "description": "A cat"}, 7, None],
    }
    first, second, *images = found("tavily", payload, includeImages=True)
    assert (first.content, first.score, first.published_at) == ("long", 0.25, None)
    assert (second.content, second.score, second.published_at) == ("b", None, "Mon")
    assert [(image.kind, image.image_url, image.title) for image in images] == [
        ("image", "https://a.example/1.png", "https://a.example/1.png"),
        ("image", "https://a.example/2.png", "A cat"),
    ]


def test_exa():
    row = {"title": None, "url": "https://a.example/", "publishedDate": "2026-01-31T00:00:00.000Z", "author": None}
    payload = {
        "results": [
            {**row, "text": "text", "highlights": ["one", "two"], "image": "https://a.example/1.png"},
            {**row, "highlights": ["one", "two"], "extras": {"imageLinks": ["https://a.example/2.png"]}},
            {**row, "summary": "summary"},
        ]
    }
    text, excerpts, image, summary = found("exa", payload, includeImages=True)
    assert (text.content, text.title, text.image_url) == ("text", "https://a.example/", "https://a.example/1.png")
    assert (excerpts.content, excerpts.published_at) == ("one\ntwo", "2026-01-31T00:00:00.000Z")
    assert (image.kind, image.url, image.image_url) == ("image", "https://a.example/", "https://a.example/2.png")
    assert summary.content == "summary"


def test_kagi():
    payload = {
        "data": {
            "search": [
                {
                    "url": "https://a.example/",
                    "title": "<b>A</b> &amp; B",
                    "snippet": "It&#39;s <b>A</b>",
                    "time": "2026",
                },
                {"url": "https://b.example/", "title": "B", "snippet": "short", "props": {"markdown": "# All of B"}},
            ],
            "interesting_finds": [{"url": "https://c.example/", "title": "C"}],
            "news": [{"url": "https://news.example/", "title": "N"}],
            "interesting_news": [{"url": "https://more.example/", "title": "M"}],
            "related_search": [{"url": "https://r.example/", "title": "R"}],
            "image": [{"url": "https://p.example/", "title": "P", "image": {"url": "https://p.example/1.png"}}],
        }
    }
    first, second, third, image = found("kagi", payload, includeImages=True)
    assert (first.title, first.content, first.published_at) == ("A & B", "It's A", "2026")
    assert second.content == "# All of B"
    assert (third.url, third.content) == ("https://c.example/", "")
    assert (image.url, image.image_url) == ("https://p.example/", "https://p.example/1.png")
    news = found("kagi", payload, kagiSource="news")
    assert [result.url for result in news] == ["https://news.example/", "https://more.example/"]


def test_perplexity():
    payload = {
        "results": [{"title": "A", "url": "https://a.example/", "snippet": "s", "date": None, "last_updated": "2026"}]
    }
    [result] = found("perplexity", payload)
    assert (result.content, result.published_at) == ("s", "2026")


def test_an_answer_of_perplexity_names_each_page_once():
    rows = [{"title": str(number), "url": f"https://{number}.example/"} for number in (1, 2, 1, 3)]
    payload = {
        "output": [
            {"type": "search_results", "results": rows[:2]},
            {"type": "search_results", "results": rows[2:]},
            {"type": "message", "content": [{"text": "One."}, {"text": "Two."}, {"refusal": "x"}]},
        ]
    }
    answer = search("perplexity", json_response(payload), output="sourcedAnswer", maxResults=2)
    assert answer.answer == "One.\n\nTwo."
    assert [result.title for result in answer.results] == ["1", "2"]


def test_valyu():
    payload = {
        "success": True,
        "results": [
            {
                "title": "A",
                "url": "https://a.example/",
                "content": [{"price": 1.5, "day": "Mon"}],
                "image_url": {"0": "https://a.example/1.png", "1": "https://a.example/2.png"},
                "relevance_score": 0.97,
                "publication_date": "2013-04-30",
            },
            {"title": "B", "url": "https://b.example/", "content": "", "description": "about B", "image_url": None},
            {"title": "C", "url": "https://c.example/", "content": "c", "image_url": "https://c.example/1.png"},
        ],
    }
    first, one, two, second, third, three = found("valyu", payload, includeImages=True)
    assert (first.content, first.score) == ('[{"price": 1.5, "day": "Mon"}]', 0.97)
    assert first.published_at == "2013-04-30"
    assert [image.image_url for image in (one, two, three)] == [
        "https://a.example/1.png",
        "https://a.example/2.png",
        "https://c.example/1.png",
    ]
    assert (second.content, third.image_url) == ("about B", "https://c.example/1.png")


@pytest.mark.parametrize("engine", ["tavily", "exa", "valyu"])
def test_images_come_only_where_they_are_wanted(engine):
    image = "https://a.example/1.png"
    row = {"url": "https://a.example/", "title": "A", "image_url": image, "extras": {"imageLinks": [image]}}
    payload = {"success": True, "results": [row], "images": [image]}
    assert [result.kind for result in found(engine, payload)] == ["text"]
    assert [result.kind for result in found(engine, payload, includeImages=True)] == ["text", "image"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        None,
        7,
        "a.example",
        "javascript:alert(1)",
        "ftp://a.example/",
        "http://",
        "http://[",
        "https://a b/",
        "data:text/html,x",
        "https://a\nb/",
        "https://a.example/\u202e",
        "https://bank.example@a.example/",
        "https://user:pass@a.example/",
        "https://a.example/?" + "a" * URL_LIMIT,
    ],
)
def test_a_page_at_no_web_address_is_left_out(url):
    assert found("tavily", {"results": [{"title": "A", "url": url}, None, 7]}) == ()


def test_a_title_is_one_line_that_shows_all_of_itself():
    rows = [
        {"title": "One\r\n two\x00 \u202ethree\u2066\x1b[1m \U0001f468\u200d\U0001f469", "url": "https://a.example/"}
    ]
    [result] = found("tavily", {"results": rows})
    assert result.title == "One two three[1m \U0001f468\u200d\U0001f469"


def test_half_a_character_does_not_hinder_writing():
    body = b'{"results": [{"title": "\\ud83d", "url": "https://a.example/", "content": "\\udc00x"}]}'
    [result] = search("tavily", FakeResponse(200, body)).results
    assert (result.title, result.content) == ("?", "?x")


def recorded(engine: str) -> list[Any]:
    recordings = [json.loads(path.read_text()) for path in sorted((FOLDER / engine).glob("*.json"))]
    return [recording for recording in recordings if recording["request"]["path"] == "/search"]


def replayed(engine: str, recording: Any) -> SearchAnswer:
    answer = recording["response"]
    return search(engine, FakeResponse(answer["status"], answer["body"].encode(), answer["headers"]))


@pytest.mark.parametrize("engine", ["tavily", "exa"])
def test_recorded_answers(engine):
    recordings = recorded(engine)
    if not recordings:
        pytest.skip("no recordings beside this checkout")
    for recording in recordings:
        payload = json.loads(recording["response"]["body"])
        if "results" not in payload:
            continue  # wrapped in the recorder's own JSON
        answer = replayed(engine, recording)
        assert [result.url for result in answer.results] == [row["url"] for row in payload["results"]]
        assert all(result.content and result.title for result in answer.results)
        assert answer.price is not None
        assert answer.price_reported == (engine == "exa")


@pytest.mark.parametrize("engine", ["tavily", "exa"])
def test_what_was_recorded_going_out_is_what_goes_out(engine):
    sent = [recording["request"]["body"] for recording in recorded(engine)]
    bodies = [body for body in sent if "query" in body]
    if not bodies:
        pytest.skip("no recordings beside this checkout")
    row = engine_named(engine)
    known = {"query", "api_key", "type", "search_depth", "contents"} | {option.field for option in row.options.values()}
    for body in bodies:
        assert body.keys() <= known
