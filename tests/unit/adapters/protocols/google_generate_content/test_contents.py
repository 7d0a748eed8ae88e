import json
from typing import Any

import pytest

from ownkey.adapters.protocols.conversation import normalise
from ownkey.adapters.protocols.google_generate_content import parse_completion
from ownkey.adapters.protocols.google_generate_content.contents import render_contents
from ownkey.adapters.protocols.google_generate_content.families import family_of
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.errors import UnsupportedParameterError

FLASH, NEWEST, OLDER = "gemini-2.5-flash", "gemini-3-flash-preview", "gemini-2.0-flash"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
LOST = "skip_thought_signature_validator"


def render(*messages: dict[str, Any], model: str = FLASH) -> dict[str, Any]:
    return render_contents(family_of(model), normalise(messages))


def user(*parts: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(parts)}


def call(call_id: str, name: str = "weather", **more: Any) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": '{"city": "Oslo"}'}, **more}


def result(call_id: str, content: Any) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


ASKED = {"role": "user", "content": "Hi"}


def test_instructions_that_lead_have_their_own_place() -> None:
    rendered = render({"role": "system", "content": "Be"}, {"role": "developer", "content": "brief"}, ASKED)

    assert rendered["systemInstruction"] == {"parts": [{"text": "Be"}, {"text": "brief"}]}
    assert rendered["contents"] == [{"role": "user", "parts": [{"text": "Hi"}]}]


def test_instructions_come_before_the_first_words_where_they_have_no_place() -> None:
    rendered = render({"role": "system", "content": "Be brief"}, ASKED, model="gemma-3-27b-it")

    assert rendered == {"contents": [{"role": "user", "parts": [{"text": "Be brief"}, {"text": "Hi"}]}]}


def test_instructions_alone_leave_something_to_answer() -> None:
    rendered = render({"role": "system", "content": "Be brief"})

    assert [content["role"] for content in rendered["contents"]] == ["user"]
    assert rendered["contents"][0]["parts"][0]["text"]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (
            {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{PNG}"}},
            {"inlineData": {"mimeType": "image/png", "data": PNG}},
        ),
        (
            {"type": "image_url", "image_url": {"url": "https://example.org/a.webp?x=1"}},
            {"fileData": {"mimeType": "image/webp", "fileUri": "https://example.org/a.webp?x=1"}},
        ),
        (
            {"type": "image_url", "image_url": {"url": "https://example.org/picture"}},
            {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://example.org/picture"}},
        ),
        (
            {"type": "image_url", "image_url": {"url": "https://www.youtube.com/watch?v=x"}},
            {"fileData": {"fileUri": "https://www.youtube.com/watch?v=x"}},
        ),
        (
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,aGk=", "filename": "a.pdf"}},
            {"inlineData": {"mimeType": "application/pdf", "data": "aGk="}},
        ),
        (
            {"type": "file", "file": {"file_id": "files/abc"}},
            {"fileData": {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/abc"}},
        ),
        (
            {"type": "file", "file": {"file_id": "https://generativelanguage.googleapis.com/v1beta/files/abc"}},
            {"fileData": {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/abc"}},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "mp3"}},
            {"inlineData": {"mimeType": "audio/mp3", "data": "aGk="}},
        ),
    ],
)
def test_media_are_held_or_named(part: dict[str, Any], expected: dict[str, Any]) -> None:
    rendered = render(user({"type": "text", "text": "See"}, part))

    assert rendered["contents"] == [{"role": "user", "parts": [{"text": "See"}, expected]}]


@pytest.mark.parametrize(
    ("model", "part"),
    [
        (OLDER, {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}),
        (FLASH, {"type": "image_url", "image_url": {"url": "http://example.org/a.png"}}),
        (FLASH, {"type": "file", "file": {"file_data": "aGk="}}),
    ],
)
def test_media_that_the_model_cannot_get_are_refused(model: str, part: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedParameterError) as caught:
        render(user(part), model=model)

    assert str(caught.value.param).startswith("messages[0].content[0]")


@pytest.mark.parametrize(
    ("content", "response"),
    [
        ('{"degrees": 4}', {"degrees": 4}),
        ("[1, 2]", {"result": [1, 2]}),
        ("4", {"result": "4"}),
        ("cold", {"result": "cold"}),
        ("", {"result": ""}),
        ('{"x": 1e999, "y": NaN}', {"x": "1e999", "y": "NaN"}),
    ],
)
def test_a_result_is_an_object(content: str, response: dict[str, Any]) -> None:
    rendered = render(ASKED, {"role": "assistant", "tool_calls": [call("c1")]}, result("c1", content))

    assert rendered["contents"][2]["parts"] == [{"functionResponse": {"name": "weather", "response": response}}]
    json.dumps(rendered, allow_nan=False)


def test_a_call_without_a_result_gets_an_error() -> None:
    rendered = render(ASKED, {"role": "assistant", "tool_calls": [call("c1")]}, ASKED)

    assert "error" in rendered["contents"][2]["parts"][0]["functionResponse"]["response"]


def test_parallel_calls_have_their_results_in_one_turn_and_in_order() -> None:
    calls = [call("c1"), call("c2", "time")]

    rendered = render(
        ASKED,
        {"role": "assistant", "content": "Wait", "tool_calls": calls},
        result("c2", "noon"),
        result("c1", "cold"),
        ASKED,
    )

    roles = [content["role"] for content in rendered["contents"]]
    assert roles == ["user", "model", "user"]
    assert rendered["contents"][1]["parts"] == [
        {"text": "Wait"},
        {"functionCall": {"name": "weather", "args": {"city": "Oslo"}}},
        {"functionCall": {"name": "time", "args": {"city": "Oslo"}}},
    ]
    assert rendered["contents"][2]["parts"] == [
        {"functionResponse": {"name": "weather", "response": {"result": "cold"}}},
        {"functionResponse": {"name": "time", "response": {"result": "noon"}}},
        {"text": "Hi"},
    ]


@pytest.mark.parametrize(("model", "inside"), [(NEWEST, True), (FLASH, False)])
def test_an_image_in_a_result_is_inside_it_or_beside_it(model: str, inside: bool) -> None:
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    calls = [call("c1"), call("c2")]

    rendered = render(
        ASKED, {"role": "assistant", "tool_calls": calls}, result("c1", [image]), result("c2", "x"), model=model
    )

    first, second, *rest = rendered["contents"][2]["parts"]
    held = {"inlineData": {"mimeType": "image/png", "data": PNG}}
    assert first["functionResponse"].get("parts") == ([held] if inside else None)
    assert "functionResponse" in second
    assert rest == ([] if inside else [held])


@pytest.mark.parametrize(
    ("model", "has_id", "signature"), [(NEWEST, True, LOST), (FLASH, False, None), (OLDER, False, None)]
)
def test_only_the_newest_models_have_ids_and_demand_signatures(model: str, has_id: bool, signature: str | None) -> None:
    rendered = render(
        ASKED,
        {"role": "assistant", "tool_calls": [call("c1"), call("c2")]},
        result("c1", "a"),
        result("c2", "b"),
        model=model,
    )

    first, second = rendered["contents"][1]["parts"]
    assert first["functionCall"].get("id") == ("c1" if has_id else None)
    assert rendered["contents"][2]["parts"][0]["functionResponse"].get("id") == ("c1" if has_id else None)
    assert first.get("thoughtSignature") == signature
    assert "thoughtSignature" not in second


def detail(data: str, call_id: str = "", **more: Any) -> dict[str, Any]:
    identified = {"id": call_id} if call_id else {}
    return {"type": "reasoning.encrypted", "format": "google-gemini-v1", "data": data, "index": 0, **identified, **more}


@pytest.mark.parametrize(
    "carried",
    [
        {"tool_calls": [call("c1", extra_content={"google": {"thought_signature": "c2ln"}})]},
        {"tool_calls": [call("c1")], "reasoning_details": [detail("c2ln", "c1")]},
    ],
)
@pytest.mark.parametrize(("model", "signature"), [(NEWEST, "c2ln"), (FLASH, "c2ln"), (OLDER, None)])
def test_a_signature_comes_back_beside_its_call(carried: dict[str, Any], model: str, signature: str | None) -> None:
    rendered = render(ASKED, {"role": "assistant", **carried}, result("c1", "x"), model=model)

    assert rendered["contents"][1]["parts"][0].get("thoughtSignature") == signature


def test_the_signature_of_another_provider_is_left_out() -> None:
    foreign = {"type": "reasoning.encrypted", "format": "openai-responses-v1", "data": "abc", "id": "c1"}

    rendered = render(
        ASKED, {"role": "assistant", "tool_calls": [call("c1")], "reasoning_details": [foreign]}, model=NEWEST
    )

    assert rendered["contents"][1]["parts"][0]["thoughtSignature"] == LOST


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        ({"content": "Hello", "reasoning_details": [detail("c2ln")]}, [{"text": "Hello", "thoughtSignature": "c2ln"}]),
        (
            {
                "content": "Hello",
                "reasoning_details": [{**detail("c2ln"), "type": "reasoning.text", "text": "Hm", "signature": "c2ln"}],
            },
            [{"text": "Hm", "thought": True, "thoughtSignature": "c2ln"}, {"text": "Hello"}],
        ),
        ({"content": "Hello", "reasoning_content": "Hm"}, [{"text": "Hello"}]),
        (
            {"tool_calls": [call("c1")], "reasoning_details": [detail("c2ln")]},
            [
                {"functionCall": {"name": "weather", "args": {"city": "Oslo"}}},
                {"text": "", "thoughtSignature": "c2ln"},
            ],
        ),
    ],
)
def test_a_signature_without_a_call_goes_to_the_text(message: dict[str, Any], parts: list[dict[str, Any]]) -> None:
    rendered = render(ASKED, {"role": "assistant", **message}, ASKED)

    assert rendered["contents"][1]["parts"] == parts


@pytest.mark.parametrize(
    "parts",
    [
        [{"text": "Hello", "thoughtSignature": "c2ln"}],
        [{"functionCall": {"id": "a", "name": "f", "args": {"x": 1}}, "thoughtSignature": "c2ln"}],
        [
            {"text": "Let me see", "thoughtSignature": "b25l"},
            {"functionCall": {"id": "a", "name": "f", "args": {}}, "thoughtSignature": "dHdv"},
            {"functionCall": {"id": "b", "name": "f", "args": {}}},
        ],
    ],
)
def test_what_the_model_said_comes_back_to_it_as_it_was(parts: list[dict[str, Any]]) -> None:
    body = json.dumps({"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}).encode()
    message = parse_completion(REGISTRY["google"], body).body["choices"][0]["message"]

    rendered = render(ASKED, message, model=NEWEST)

    assert rendered["contents"][1] == {"role": "model", "parts": parts}
