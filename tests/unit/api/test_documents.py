import json

import pytest

from ownkey.api.documents import Document, document_response
from ownkey.api.proxy import HttpRequest

DOCUMENT = Document.of({"a": [1, 0.00042]})


def answered(if_none_match=None):
    headers = {} if if_none_match is None else {"if-none-match": if_none_match}
    return document_response(DOCUMENT, HttpRequest(headers=headers, body=b"", request_id="req_1"))


def test_a_public_answer_may_be_kept():
    answer = answered()
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"a": [1, 0.00042]})
    assert answer["headers"] == {
        "Content-Type": "application/json",
        "Cache-Control": "public, max-age=300",
        "ETag": DOCUMENT.etag,
        "X-Content-Type-Options": "nosniff",
        "x-request-id": "req_1",
    }


def test_the_tag_changes_with_the_body_only():
    assert Document.of({"a": [1, 0.00042]}) == DOCUMENT
    assert Document.of({"a": [1, 0.00043]}).etag != DOCUMENT.etag


@pytest.mark.parametrize("tags", ["{}", "W/{}", '"x", {}', "*"])
def test_who_has_it_is_not_sent_it_again(tags):
    answer = answered(tags.format(DOCUMENT.etag))
    assert (answer["statusCode"], answer["body"]) == (304, "")
    assert (answer["headers"]["ETag"], answer["headers"]["x-request-id"]) == (DOCUMENT.etag, "req_1")


@pytest.mark.parametrize("tags", ["", '"x"', "x", DOCUMENT.etag.strip('"')])
def test_who_has_another_one_is(tags):
    assert answered(tags)["statusCode"] == 200
