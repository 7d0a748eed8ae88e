import base64
from typing import Any

import pytest

from ownkey.adapters.protocols.message_parts import AudioPart, FilePart, ImagePart, TextPart, read_content
from ownkey.domain.errors import InvalidParameterError

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()
WEBP = base64.b64encode(b"RIFF\x00\x00\x00\x00WEBPVP8 ").decode()
PDF = base64.b64encode(b"%PDF-1.4").decode()


def read(part: dict[str, Any]) -> Any:
    [read_part] = read_content({"content": [part]}, "messages[0]")
    return read_part


def image(url: Any) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


@pytest.mark.parametrize(
    ("uri", "media_type", "data"),
    [
        (f"data:image/png;base64,{PNG}", "image/png", PNG),
        (f"DATA:image/jpeg;charset=x;base64,{PNG}", "image/png", PNG),
        (f"data:image/webp;base64,{WEBP}", "image/webp", WEBP),
        ("data:image/jpg;base64,QUJD", "image/jpeg", "QUJD"),
        ("data:image/heic;base64,-_8=", "image/heic", "+/8="),
        ("data:image/heic;base64,QU JD\nRA", "image/heic", "QUJDRA=="),
        ("data:image/svg+xml,%3Csvg%3E", "image/svg+xml", base64.b64encode(b"<svg>").decode()),
    ],
)
def test_a_data_uri_is_read_and_its_type_is_that_of_its_bytes(uri: str, media_type: str, data: str) -> None:
    part = read(image(uri))
    assert isinstance(part, ImagePart)
    assert (part.media_type, part.data, part.url) == (media_type, data, "")
    assert part.content == base64.b64decode(data)


def test_an_image_may_be_a_url_in_either_spelling() -> None:
    for url in ("https://x.test/a.png", {"url": "https://x.test/a.png"}):
        assert read({"type": "image_url", "image_url": url}).url == "https://x.test/a.png"


@pytest.mark.parametrize(
    "part",
    [
        image("data:image/png;base64,!!!"),
        image("data:image/png;base64,"),
        image("data:image/png;base64"),
        image(""),
        image(None),
        {"type": "file", "file": {}},
        {"type": "file"},
        {"type": "input_audio", "input_audio": {"format": "wav", "data": ""}},
        {"type": "text", "text": None},
        7,
    ],
)
def test_a_part_that_is_none_is_refused_without_quoting_it(part: Any) -> None:
    with pytest.raises(InvalidParameterError) as raised:
        read(part)
    assert (raised.value.param or "").startswith("messages[0].content[0]")
    assert "!!!" not in raised.value.message


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (
            {"file_data": f"data:application/pdf;base64,{PDF}", "filename": "a.pdf"},
            FilePart(media_type="application/pdf", data=PDF, name="a.pdf"),
        ),
        ({"file_data": PDF, "filename": "a.pdf"}, FilePart(media_type="application/pdf", data=PDF, name="a.pdf")),
        (
            {"file_data": f"data:application/octet-stream;base64,{PDF}", "filename": "a.md"},
            FilePart(media_type="text/markdown", data=PDF, name="a.md"),
        ),
        (
            {"file_data": "https://x.test/a.pdf"},
            FilePart(media_type="application/pdf", url="https://x.test/a.pdf"),
        ),
        ({"file_id": "file-1"}, FilePart(file_id="file-1")),
    ],
)
def test_a_file_is_read_from_wherever_it_is(file: dict[str, Any], expected: FilePart) -> None:
    part = read({"type": "file", "file": file})
    assert part == FilePart(
        **{name: getattr(expected, name) for name in ("media_type", "data", "url", "file_id", "name")},
        param="messages[0].content[0].file",
    )


def test_audio_keeps_its_format() -> None:
    part = read({"type": "input_audio", "input_audio": {"data": "QUJD", "format": "WAV"}})
    assert part == AudioPart(data="QUJD", format="wav", param="messages[0].content[0].input_audio")


def test_a_string_is_a_text_and_a_blank_one_is_nothing() -> None:
    assert list(read_content({"content": "a"}, "m")) == [TextPart(text="a", param="m.content")]
    assert list(read_content({"content": " \n"}, "m")) == []
    assert list(read_content({"content": None}, "m")) == []
    assert [part.text for part in read_content({"content": ["a"]}, "m") if isinstance(part, TextPart)] == ["a"]
