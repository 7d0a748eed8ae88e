"""What Gemini really took and sent: answers through the parsers, and requests made anew from OpenAI's equivalent."""

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.protocols.decoding import decode_stream
from ownkey.adapters.protocols.google_generate_content import StreamParser, parse_completion, render_request
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.chat import ChatRequest
from ownkey.domain.errors import ProviderKeyRejectedError, ProviderRateLimitedError, UpstreamError
from tests.support.adapter_folding import fold, naive_events
from tests.support.adapter_recordings import FOLDER

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the recordings are not here")

SPEC = REGISTRY["google"]
FINISH_REASONS = {"stop", "length", "tool_calls", "content_filter"}


def load() -> list[dict[str, Any]]:
    paths = [path for folder in ("google", "google-vertex") for path in sorted((FOLDER / folder).glob("*.json"))]
    return [json.loads(path.read_text()) for path in paths]


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [recording["id"] for recording in found]


ALL = [recording for recording in load() if "enerateContent" in recording["request"]["path"]]
GOOD = [recording for recording in ALL if recording["response"]["status"] == 200]
STREAMS = [recording for recording in GOOD if recording["response"]["body"].startswith("data:")]
WHOLE = [recording for recording in GOOD if recording not in STREAMS]
ERRORS = [recording for recording in ALL if recording["response"]["status"] != 200]


def chunks_of(pieces: list[bytes]) -> tuple[list[dict[str, Any]], StreamParser]:
    parser = StreamParser(SPEC, upstream_model="asked-for")
    return list(decode_stream(pieces, parser, ErrorClassifier(spec=SPEC))), parser


def parts_of(responses: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for response in responses:
        for candidate in response.get("candidates", ()):
            yield from candidate.get("content", {}).get("parts", ())


def said(responses: list[dict[str, Any]]) -> dict[str, Any]:
    """What the parts say, read without the gateway."""
    found: dict[str, Any] = {"text": "", "thoughts": "", "calls": [], "signatures": []}
    for part in parts_of(responses):
        found["thoughts" if part.get("thought") else "text"] += part.get("text", "")
        if call := part.get("functionCall"):
            found["calls"].append((call["name"], call.get("args", {})))
        if "thoughtSignature" in part and ("text" in part or "functionCall" in part):
            found["signatures"].append(part["thoughtSignature"])
    return found


def told(message: dict[str, Any]) -> dict[str, Any]:
    calls = [call["function"] for call in message.get("tool_calls", ())]
    return {
        "text": message["content"] or "",
        "thoughts": message.get("reasoning_content", ""),
        "calls": [(call["name"], json.loads(call["arguments"])) for call in calls],
        "signatures": [detail["data"] for detail in message.get("reasoning_details", ())],
    }


def without_ids(message: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps({name: value for name, value in message.items() if name != "refusal"})
    for position, call in enumerate(message.get("tool_calls", ())):
        text = text.replace(call["id"], f"id-{position}")
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.mark.parametrize("recording", STREAMS, ids=ids(STREAMS))
def test_a_stream_comes_out_normalised_and_says_what_the_bytes_say(recording: dict[str, Any]) -> None:
    body = recording["response"]["body"]
    events = naive_events(body)

    chunks, parser = chunks_of([body.encode()])

    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1
    assert (chunks[0]["id"], chunks[0]["model"]) == (events[0]["responseId"], events[0]["modelVersion"])
    choices = [chunk["choices"][0] for chunk in chunks]
    assert [choice["delta"].get("role") for choice in choices] == ["assistant"] + [None] * (len(choices) - 1)
    assert all(choice["finish_reason"] is None and choice["delta"] for choice in choices[:-1])
    assert choices[-1]["delta"] == {}
    assert choices[-1]["finish_reason"] in FINISH_REASONS
    (folded,) = fold(chunks)
    assert told(folded["message"]) == said(events)
    assert (folded["finish_reason"] == "tool_calls") == bool(said(events)["calls"])
    assert parser.usage is not None
    reported = events[-1]["usageMetadata"]
    if "totalTokenCount" in reported:
        assert parser.usage.input_tokens + parser.usage.output_tokens == reported["totalTokenCount"]


GROUNDED = [recording for recording in GOOD if "groundingSupports" in recording["response"]["body"]]


@pytest.mark.parametrize("recording", GROUNDED, ids=ids(GROUNDED))
def test_every_page_that_supports_the_text_is_cited_at_its_words(recording: dict[str, Any]) -> None:
    body = recording["response"]["body"]
    responses = naive_events(body) if recording in STREAMS else [json.loads(body)]
    grounding = next(
        candidate["groundingMetadata"]
        for response in reversed(responses)
        for candidate in response["candidates"]
        if "groundingMetadata" in candidate
    )
    expected = [
        (grounding["groundingChunks"][index]["web"]["uri"], support["segment"]["text"])
        for support in grounding["groundingSupports"]
        for index in support["groundingChunkIndices"]
    ]

    (choice,) = parse_completion(SPEC, json.dumps(responses).encode()).body["choices"]

    text = choice["message"]["content"]
    cited = [annotation["url_citation"] for annotation in choice["message"]["annotations"]]
    assert [(page["url"], text[page["start_index"] : page["end_index"]]) for page in cited] == expected


@pytest.mark.parametrize("recording", STREAMS, ids=ids(STREAMS))
def test_where_a_stream_is_cut_into_pieces_does_not_matter(recording: dict[str, Any]) -> None:
    body = recording["response"]["body"].encode()
    chooser = random.Random(recording["id"])
    places = sorted(chooser.sample(range(len(body)), k=len(body) // 40 + 3))
    whole, in_one = chunks_of([body])

    cut, in_pieces = chunks_of([body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)])

    assert without_ids(fold(cut)[0]["message"]) == without_ids(fold(whole)[0]["message"])
    assert len(cut) == len(whole)
    assert in_pieces.usage == in_one.usage


@pytest.mark.parametrize("recording", STREAMS, ids=ids(STREAMS))
def test_a_stream_folded_is_the_answer_that_was_not_streamed(recording: dict[str, Any]) -> None:
    events = naive_events(recording["response"]["body"])
    (folded,) = fold(chunks_of([recording["response"]["body"].encode()])[0])

    completion = parse_completion(SPEC, json.dumps(events).encode())

    (choice,) = completion.body["choices"]
    assert without_ids(choice["message"]) == without_ids(folded["message"])
    assert choice["finish_reason"] == folded["finish_reason"]


@pytest.mark.parametrize("recording", STREAMS, ids=ids(STREAMS))
def test_a_stream_without_its_last_part_is_an_error(recording: dict[str, Any]) -> None:
    body = recording["response"]["body"].encode()

    with pytest.raises(UpstreamError):
        chunks_of([body[: body.index(b'"finishReason"')]])


@pytest.mark.parametrize("recording", WHOLE, ids=ids(WHOLE))
def test_a_whole_answer_comes_out_normalised_and_says_what_it_said(recording: dict[str, Any]) -> None:
    sent = json.loads(recording["response"]["body"])

    completion = parse_completion(SPEC, recording["response"]["body"].encode())

    body = completion.body
    assert (body["object"], body["id"], body["model"]) == ("chat.completion", sent["responseId"], sent["modelVersion"])
    (choice,) = body["choices"]
    assert told(choice["message"]) == said([sent])
    assert choice["finish_reason"] in FINISH_REASONS
    assert (choice["finish_reason"] == "tool_calls") == bool(said([sent])["calls"])
    assert completion.usage is not None
    assert body["usage"]["total_tokens"] == sent["usageMetadata"]["totalTokenCount"]
    assert completion.usage.reasoning_tokens == sent["usageMetadata"].get("thoughtsTokenCount", 0)


@pytest.mark.parametrize("recording", ERRORS, ids=ids(ERRORS))
def test_an_error_means_what_it_says(recording: dict[str, Any]) -> None:
    response = recording["response"]
    bad_key = "API_KEY_INVALID" in response["body"]

    error = ErrorClassifier(spec=SPEC).of_response(response["status"], response["headers"], response["body"].encode())

    assert isinstance(error, ProviderKeyRejectedError) == bad_key
    assert isinstance(error, ProviderRateLimitedError) == (response["status"] == 429)
    if "retryDelay" in response["body"]:
        assert getattr(error, "retry_after_seconds", None) == 48


def camel(value: Any) -> Any:
    """A request with the names that Google writes in two ways written in one, and null fields left out."""
    names = {
        "function_call": "functionCall",
        "function_response": "functionResponse",
        "inline_data": "inlineData",
        "mime_type": "mimeType",
        "thought_signature": "thoughtSignature",
        "parameters_json_schema": "parametersJsonSchema",
    }
    if isinstance(value, dict):
        return {names.get(name, name): camel(inner) for name, inner in value.items() if inner is not None}
    return [camel(item) for item in value] if isinstance(value, list) else value


def as_openai(given: dict[str, Any]) -> dict[str, Any] | None:
    """The request as an OpenAI client would have made it; None when none could."""
    messages: list[dict[str, Any]] = []
    system = given.get("systemInstruction", {}).get("parts", [])
    for part in [system] if isinstance(system, dict) else system:
        messages.append({"role": "system", "content": part["text"]})
    names: list[str] = []
    for content in given["contents"]:
        parts = content["parts"]
        if not parts or any(not is_sayable(part) for part in parts):
            return None
        messages += model_messages(parts, names) if content["role"] == "model" else user_messages(parts, names)
    if sum("tool_calls" in message for message in messages) > sum(message["role"] == "tool" for message in messages):
        return None  # a call without a result, which strict formats do not take
    declared = [tool for group in given.get("tools", ()) for tool in group.get("functionDeclarations", ())]
    if any(set(group) - {"functionDeclarations"} for group in given.get("tools", ())):
        return None
    tools = [
        {
            "type": "function",
            "function": {**tool, "parameters": tool.get("parameters", tool.get("parametersJsonSchema"))},
        }
        for tool in declared
    ]
    body: dict[str, Any] = {"messages": messages, **({"tools": tools} if tools else {})}
    config = given.get("generationConfig", {})
    renamed = {"temperature": "temperature", "maxOutputTokens": "max_tokens", "stopSequences": "stop", "seed": "seed"}
    body |= {ours: config[theirs] for theirs, ours in renamed.items() if theirs in config}
    if "responseJsonSchema" in config and not tools:
        described = {"name": "answer", "schema": config["responseJsonSchema"]}
        body["response_format"] = {"type": "json_schema", "json_schema": described}
    return body


def is_sayable(part: dict[str, Any]) -> bool:
    if "functionResponse" in part:
        return "parts" not in part["functionResponse"]
    if "inlineData" in part:
        return str(part["inlineData"]["mimeType"]).startswith("image/")
    return "functionCall" in part or bool(part.get("text", "").strip() and not part.get("thought"))


def model_messages(parts: list[dict[str, Any]], names: list[str]) -> list[dict[str, Any]]:
    calls = []
    for part in parts:
        if call := part.get("functionCall"):
            call_id = call.get("id", f"{call['name']}-{len(names)}")
            names.append(call_id)
            function = {"name": call["name"], "arguments": json.dumps(call["args"])}
            calls.append({"id": call_id, "type": "function", "function": function})
            if "thoughtSignature" in part:
                calls[-1]["extra_content"] = {"google": {"thought_signature": part["thoughtSignature"]}}
    texts = [{"type": "text", "text": part["text"]} for part in parts if part.get("text")]
    return [{"role": "assistant", "content": texts, **({"tool_calls": calls} if calls else {})}]


def user_messages(parts: list[dict[str, Any]], names: list[str]) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    rest: list[dict[str, Any]] = []
    answered = [part["functionResponse"] for part in parts if "functionResponse" in part]
    for call_id, answer in zip(names[len(names) - len(answered) :], answered, strict=True):
        messages.append({"role": "tool", "tool_call_id": call_id, "content": json.dumps(answer["response"])})
    for part in parts:
        if blob := part.get("inlineData"):
            url = f"data:{blob['mimeType']};base64,{blob['data']}"
            rest.append({"type": "image_url", "image_url": {"url": url}})
        elif "text" in part:
            rest.append({"type": "text", "text": part["text"]})
    return [*messages, *([{"role": "user", "content": rest}] if rest else [])]


def meaning(contents: list[dict[str, Any]]) -> list[tuple[str, list[Any]]]:
    """The turns, neighbours of one role made one, without what a format may say or leave out."""
    turns: list[tuple[str, list[Any]]] = []
    for content in contents:
        if not turns or turns[-1][0] != content["role"]:
            turns.append((content["role"], []))
        for part in content["parts"]:
            if call := part.get("functionCall"):
                turns[-1][1].append(("call", call["name"], call["args"], part.get("thoughtSignature")))
            elif answer := part.get("functionResponse"):
                turns[-1][1].append(("result", answer["name"], answer["response"]))
            elif blob := part.get("inlineData"):
                turns[-1][1].append(("image", blob["data"].replace("-", "+").replace("_", "/")))
            else:
                turns[-1][1].append(("text", part["text"]))
    return turns


def rebuildable() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    found = []
    for recording in GOOD:
        if recording["request"]["body"]:
            given = camel(recording["request"]["body"])
            if (body := as_openai(given)) is not None:
                found.append((recording, body))
    return found


REBUILDABLE = rebuildable()


def test_most_recorded_requests_can_be_made_anew() -> None:
    assert len(REBUILDABLE) > 80


@pytest.mark.parametrize(("recording", "body"), REBUILDABLE, ids=[recording["id"] for recording, _ in REBUILDABLE])
def test_a_request_says_what_an_accepted_one_said(recording: dict[str, Any], body: dict[str, Any]) -> None:
    given = camel(recording["request"]["body"])
    path = recording["request"]["path"]
    model = path.rsplit("/", 1)[1].partition(":")[0]
    streamed = path.endswith("streamGenerateContent")

    rendered = render_request(
        SPEC, ChatRequest(body=body, model="m", stream=streamed), upstream_model=model, credential_settings={}
    )

    assert rendered.url_path == f"/models/{model}:{'streamGenerateContent?alt=sse' if streamed else 'generateContent'}"
    turns = meaning(given["contents"])
    if any(part[0] == "call" for _, parts in turns for part in parts):
        turns = [
            (role, [lost_signature(model, part, place, parts) for place, part in enumerate(parts)])
            for role, parts in turns
        ]
    assert meaning(rendered.body["contents"]) == turns
    assert rendered.dropped == ()
    config = given.get("generationConfig", {})
    for name in ("temperature", "maxOutputTokens", "stopSequences", "seed"):
        assert rendered.body.get("generationConfig", {}).get(name) == config.get(name)
    declared = [tool for group in given.get("tools", ()) for tool in group["functionDeclarations"]]
    made = [tool for group in rendered.body.get("tools", ()) for tool in group["functionDeclarations"]]
    assert [tool["name"] for tool in made] == [tool["name"] for tool in declared]


def lost_signature(model: str, part: Any, place: int, parts: list[Any]) -> Any:
    """A call as it must be sent: the newest models want the first of a set signed."""
    is_first = not any(earlier[0] == "call" for earlier in parts[:place])
    if part[0] == "call" and part[3] is None and is_first and model.startswith("gemini-3"):
        return (*part[:3], "skip_thought_signature_validator")
    if part[0] == "call" and model.startswith("gemini-2.0"):
        return (*part[:3], None)
    return part
