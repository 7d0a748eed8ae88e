import time
from typing import Any

import pytest

from ownkey.domain.search import SearchResult
from ownkey.search.citations import citations_in, cite_chunks, cite_completion
from tests.support.chat import chunk

SOURCES = [SearchResult(title=f"Page {n}", url=f"https://{n}.example/") for n in (1, 2, 3)]


def cited(text):
    """Return `(passage, source)` of every annotation."""
    found = [each["url_citation"] for each in citations_in(text, SOURCES)]
    return [(text[each["start_index"] : each["end_index"]], int(each["title"][-1])) for each in found]


@pytest.mark.parametrize(
    ("text", "passages"),
    [
        ("", []),
        ("Nothing is cited.", []),
        ("It rains [1].", [("It rains [1]", 1)]),
        ("It rains. [1]", [("It rains. [1]", 1)]),
        ("Hello. It rains.[2] It snows [3].", [("It rains.[2]", 2), ("It snows [3]", 3)]),
        ("It rains [1][2] a lot.", [("It rains [1][2]", 1), ("It rains [1][2]", 2)]),
        ("It rains [1, 3].", [("It rains [1, 3]", 1), ("It rains [1, 3]", 3)]),
        ("It rains [1] and snows [2].", [("It rains [1]", 1), ("and snows [2]", 2)]),
        ("It rains \u30101\u2020L3-L9\u3011.", [("It rains \u30101\u2020L3-L9\u3011", 1)]),
        ("- First: rain [1]\n- Second: snow [2]\n", [("First: rain [1]", 1), ("Second: snow [2]", 2)]),
        ("It rains [1][1].", [("It rains [1][1]", 1)]),
        ("It rains [9] [0] [4].", []),
        ("Use `a[1]`, or\n```\nb[2]\n```\nas told [3].", [("as told [3]", 3)]),
        ("Never closed:\n```\nb[2]", []),
        ("[1]", [("[1]", 1)]),
        ("Det regner i \u00c5lesund \U0001f327 [1].", [("Det regner i \u00c5lesund \U0001f327 [1]", 1)]),
    ],
)
def test_a_mark_cites_the_passage_before_it(text, passages):
    assert cited(text) == passages


@pytest.mark.parametrize(
    "passage",
    ["`a` It rains. [1] ", "a. ", "\n ", "[1\u2020", "[1] a", "[1", "\u30101 , ", "```", "`a\n", ". ' ", "[ "],
)
def test_a_long_answer_is_read_about_once(passage):
    many = passage * (200_000 // len(passage))
    started = time.process_time()
    assert citations_in(f"{many}It rains [1]", SOURCES)
    assert citations_in(f"It rains [1]. {many}", SOURCES)
    # Reading it once for each mark or sentence takes ten times as long, or a thousand times.
    assert time.process_time() - started < 2


def test_an_annotation_is_openais():
    assert citations_in("Rain [1]", SOURCES) == [
        {
            "type": "url_citation",
            "url_citation": {"url": "https://1.example/", "title": "Page 1", "start_index": 0, "end_index": 8},
        }
    ]


def test_a_completion_gets_them_behind_its_own():
    own = {"type": "url_citation", "url_citation": {"url": "https://own.example/"}}
    body: dict[str, Any] = {
        "choices": [
            {"message": {"content": "Rain [1]", "annotations": [own]}},
            {"message": {"content": None, "tool_calls": []}},
            {"message": {"content": "Snow"}},
        ]
    }
    cite_completion(body, SOURCES)
    first, second, third = (choice["message"] for choice in body["choices"])
    assert [each["url_citation"]["url"] for each in first["annotations"]] == [
        "https://own.example/",
        "https://1.example/",
    ]
    assert "annotations" not in second
    assert "annotations" not in third


def test_a_stream_gets_them_in_the_last_delta_of_each_choice_however_the_text_was_cut():
    text = "Rain [1]. Snow [2]."
    chunks = [chunk({"content": letter}) for letter in text]
    chunks += [chunk({"content": "Sun [3]"}, index=1), chunk({}, "stop"), chunk({"content": "."}, "stop", index=1)]
    last = [each["choices"][0] for each in cite_chunks(iter(chunks), SOURCES)][-2:]
    whole = citations_in(text, SOURCES)
    assert last[0]["delta"] == {"annotations": whole}
    assert [each["url_citation"]["title"] for each in last[1]["delta"]["annotations"]] == ["Page 3"]


def test_a_stream_without_citations_is_as_it_was():
    chunks = [chunk({"content": "Rain"}), chunk({}, "stop")]
    assert list(cite_chunks(iter(chunks), SOURCES)) == [chunk({"content": "Rain"}), chunk({}, "stop")]
