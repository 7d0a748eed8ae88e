from typing import Any

import pytest

from ownkey.adapters.protocols.google_generate_content.citations import grounding_annotations

CONTENT = "äöü abc. äöü def."
CHUNKS = [{"web": {"uri": "https://a.example/", "title": "A"}}, {"web": {"uri": "https://b.example/"}}]


def places(segment: Any, *indices: Any) -> list[tuple[int, int]]:
    support = {"segment": segment, "groundingChunkIndices": [*indices] or [0]}
    found = grounding_annotations(CONTENT, {"groundingChunks": CHUNKS, "groundingSupports": [support]})
    citations = [annotation["url_citation"] for annotation in found]
    return [(citation["start_index"], citation["end_index"]) for citation in citations]


@pytest.mark.parametrize(
    ("segment", "place"),
    [
        ({"endIndex": 11}, (0, 8)),
        ({"startIndex": 12, "endIndex": 23, "text": "äöü def."}, (9, 17)),
        ({"startIndex": 12, "endIndex": 23}, (9, 17)),
        ({"partIndex": 2, "endIndex": 11, "text": "äöü def."}, (9, 17)),  # counted from the start of a part
        ({"startIndex": 12, "endIndex": 99, "text": "äöü def."}, (9, 17)),
        ({"text": "abc"}, (4, 7)),
        ({"startIndex": "1", "endIndex": None, "text": "abc"}, (4, 7)),
    ],
)
def test_a_segment_is_found_in_characters(segment: Any, place: tuple[int, int]) -> None:
    assert places(segment) == [place]


@pytest.mark.parametrize(
    "segment",
    [
        None,
        {},
        {"endIndex": 99},
        {"startIndex": 5, "endIndex": 5},
        {"startIndex": -3, "endIndex": 5},
        {"startIndex": 0, "endIndex": 11, "text": "something else"},
    ],
)
def test_a_segment_that_cannot_be_found_is_left_out(segment: Any) -> None:
    assert places(segment) == []


def test_every_page_of_a_segment_has_its_annotation() -> None:
    assert places({"text": "abc"}, 1, 0, 2, -1, "0", None) == [(4, 7), (4, 7)]


@pytest.mark.parametrize(
    "grounding",
    [
        None,
        [],
        {},
        {"groundingSupports": [{"segment": {"text": "abc"}, "groundingChunkIndices": [0]}]},
        {"groundingChunks": CHUNKS, "groundingSupports": [None, {"segment": {"text": "abc"}}]},
        {
            "groundingChunks": [None, {"retrievedContext": {"uri": "gs://b/c"}}, {"web": {}}],
            "groundingSupports": [{"segment": {"text": "abc"}, "groundingChunkIndices": [0, 1, 2]}],
        },
    ],
)
def test_without_pages_there_is_nothing_to_cite(grounding: Any) -> None:
    assert grounding_annotations(CONTENT, grounding) == []
