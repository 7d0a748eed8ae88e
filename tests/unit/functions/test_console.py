"""The console's function: every sample event, every file, and what a page of ours may do."""

import base64
import gzip
import re
import subprocess
import sys
from types import SimpleNamespace
from unittest.mock import patch

import pytest

from ownkey.api.static_site import HEADERS, StaticSite
from tests.support.provider_keys import ROOT, load_function, sample_events

SITE = ROOT / "functions" / "console" / "site"
EVENTS = sample_events("console")
OUTCOMES = {
    "asset_of_another_version": 404,
    "asset_outside": 404,
    "page": 200,
    "page_below_a_stage": 200,
    "page_uncompressed": 200,
}
LINK = re.compile(r'(?:href|src)="([^"]+)"')


@pytest.fixture(scope="module")
def function():
    with patch.dict("os.environ", {"OWNKEY_SIGN_UP": "invitation"}):
        return load_function("console")


def body_of(response):
    assert response["isBase64Encoded"] is True
    body = base64.b64decode(response["body"])
    return gzip.decompress(body) if response["headers"].get("Content-Encoding") == "gzip" else body


def get_asset(function, name, headers=None):
    event = EVENTS["asset_of_another_version"]
    parameters = {"version": function.site.version, "file": name}
    return function.lambda_handler(
        {**event, "pathParameters": parameters, "headers": {**event["headers"], **(headers or {})}}, None
    )


def test_every_sample_event_has_an_outcome():
    assert set(EVENTS) == set(OUTCOMES)


@pytest.mark.parametrize("name", EVENTS)
def test_sample_event(function, name):
    response = function.lambda_handler(EVENTS[name], None)

    assert response["statusCode"] == OUTCOMES[name]
    assert response["headers"]["x-request-id"].startswith("req_")
    assert response["headers"].items() >= HEADERS.items()


def test_the_page_is_looked_up_on_every_visit_and_says_who_may_sign_up(function):
    response = function.lambda_handler(EVENTS["page"], None)

    assert response["headers"]["Cache-Control"] == "no-cache"
    assert 'data-sign-up="invitation"' in body_of(response).decode()


def test_a_page_that_is_there_already_is_not_sent_again(function):
    first, again = (EVENTS["page"], {**EVENTS["page"], "headers": dict(EVENTS["page"]["headers"])})
    again["headers"]["If-None-Match"] = function.lambda_handler(first, None)["headers"]["ETag"]
    response = function.lambda_handler(again, None)

    assert (response["statusCode"], response["body"]) == (304, "")


def test_every_link_of_the_page_leads_to_a_file_that_may_be_kept_for_ever(function):
    links = LINK.findall(body_of(function.lambda_handler(EVENTS["page"], None)).decode())
    prefix = f"assets/{function.site.version}/"

    assert links
    for link in links:
        assert link.startswith(prefix) or link == "#main"
        if link != "#main":
            response = get_asset(function, link.removeprefix(prefix))
            assert response["statusCode"] == 200
            assert response["headers"]["Cache-Control"] == "public, max-age=31536000, immutable"


def test_links_begin_with_the_stage_where_paths_do(function):
    links = LINK.findall(body_of(function.lambda_handler(EVENTS["page_below_a_stage"], None)).decode())

    assert links
    assert all(link.startswith(f"/prod/assets/{function.site.version}/") for link in links if link != "#main")


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip", "gzip"), ("br;q=1.0, gzip;q=0.8", "gzip"), ("*", "gzip"), ("gzip;q=0", None), ("br", None), ("", None)],
)
def test_text_is_compressed_for_those_who_take_it(function, accepted, encoding):
    response = get_asset(function, "style.css", {"Accept-Encoding": accepted})

    assert response["headers"].get("Content-Encoding") == encoding
    assert response["headers"]["Vary"] == "Accept-Encoding"
    assert body_of(response) == (SITE / "style.css").read_bytes()


def test_a_font_is_not_compressed_twice(function):
    response = get_asset(function, "fonts/geist.woff2", {"Accept-Encoding": "gzip"})

    assert "Content-Encoding" not in response["headers"]
    assert response["headers"]["Content-Type"] == "font/woff2"


def test_where_the_runtime_streams_the_bytes_go_out_as_they_are(function):
    response = function.lambda_handler(EVENTS["page_uncompressed"], SimpleNamespace(streams_responses=True))

    assert b"".join(response["body"]).startswith(b"<!doctype html>")
    assert "isBase64Encoded" not in response


def test_the_version_changes_with_every_name_and_byte():
    versions = {
        StaticSite(files, "off").version
        for files in ({"a.js": b"1"}, {"a.js": b"2"}, {"b.js": b"1"}, {"a.js": b"", "b.js": b"1"}, {})
    }
    assert len(versions) == 5


def test_a_file_of_an_unknown_kind_stops_the_start(tmp_path):
    (tmp_path / "notes.bak").write_text("x")
    with pytest.raises(ValueError, match=r"notes\.bak"):
        StaticSite.load(tmp_path, sign_up="off")


def test_scripts_are_short_and_write_no_markup():
    scripts = sorted((SITE / "js").rglob("*.js"))
    assert scripts
    for script in scripts:
        text = script.read_text()
        assert text.count("\n") <= 250, script.name
        forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function"
        assert not re.findall(forbidden, text), script.name


def test_the_first_page_is_small(function):
    first = [*SITE.glob("*.*"), *(SITE / "fonts").glob("*.woff2"), *(SITE / "js").glob("*.js")]
    sizes = [len(path.read_bytes() if path.suffix == ".woff2" else gzip.compress(path.read_bytes())) for path in first]
    assert sum(sizes) < 100_000


def test_the_console_loads_no_client_of_aws():
    program = (
        "import sys; sys.path[:0] = ['functions/console', 'layers/gateway']; import app;"
        "print([name for name in ('boto3', 'botocore', 'requests', 'pydantic') if name in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"
