import json
from collections.abc import Iterator
from typing import Any

import pytest

from ownkey import __version__
from ownkey.adapters.adapter import ANSWER_LIMIT, ChatAdapter
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.chat import ChatRequest, ChunkStream, Completion, Usage
from ownkey.domain.errors import (
    ProviderFailureError,
    ProviderKeyRejectedError,
    ProviderQuotaError,
    ProviderRateLimitedError,
    ProviderRequestError,
    ProviderTimeoutError,
    ProviderUnsupportedError,
    UnknownProviderError,
    UnsupportedParameterError,
    UpstreamError,
)
from ownkey.domain.secrets import Secret
from tests.support.adapter_folding import fold
from tests.support.adapter_transport import (
    KEY,
    OPENAI_FAMILY,
    FakeDeadline,
    FakeResponse,
    FakeTransport,
    chat_request,
    chunk,
    completion,
    credential,
    json_response,
    sse,
    sse_response,
)

USAGE = Usage(input_tokens=9, output_tokens=3)
REPORTED = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}}
HELLO = (
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": "Hel"}),
    chunk({"content": "lo"}),
    chunk({}, "stop"),
    {**chunk(), "choices": [], "usage": REPORTED},
)
HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"

every_row = pytest.mark.parametrize("slug", OPENAI_FAMILY)
both_ways = pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])


def adapter(*answers: FakeResponse | Exception, **base_urls: str) -> tuple[ChatAdapter, FakeTransport]:
    transport = FakeTransport(*answers)
    return ChatAdapter(REGISTRY, transport, base_urls), transport


def complete(made: ChatAdapter, slug: str, **fields: Any) -> Completion:
    return made.complete(
        chat_request(**fields),
        provider=slug,
        upstream_model="some-model",
        credential=credential(slug),
        deadline=FakeDeadline(),
    )


def open_stream(made: ChatAdapter, slug: str, **fields: Any) -> ChunkStream:
    return made.stream(
        chat_request(True, **fields),
        provider=slug,
        upstream_model="some-model",
        credential=credential(slug),
        deadline=FakeDeadline(),
    )


def call(made: ChatAdapter, slug: str, *, streamed: bool, **fields: Any) -> dict[str, Any]:
    """Return the first choice, however it came."""
    if not streamed:
        return dict(complete(made, slug, **fields).body["choices"][0])
    return fold(open_stream(made, slug, **fields))[0]


@every_row
def test_a_whole_answer_is_fetched(slug: str) -> None:
    response = json_response(completion())
    made, transport = adapter(response)

    answer = complete(made, slug)

    assert answer.body["choices"][0]["message"]["content"] == "Hello"
    assert answer.usage == USAGE
    assert response.closed
    assert transport.requests[0].method == "POST"
    assert "stream" not in transport.body


@every_row
@pytest.mark.parametrize("pieces", [None, 1, 50])
def test_a_stream_is_fetched(slug: str, pieces: int | None) -> None:
    response = sse_response(*HELLO, pieces=pieces)
    made, transport = adapter(response)

    answer = open_stream(made, slug)
    assert response.bytes_read == 0
    chunks = list(answer)

    assert fold(chunks) == [{"message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}]
    assert answer.usage == USAGE
    assert response.closed
    assert transport.body["stream"] is True


@every_row
@both_ways
def test_tools_are_called(slug: str, stream: bool) -> None:
    whole = json_response(completion(None, message={"tool_calls": [CALL]}, choice={"finish_reason": "tool_calls"}))
    in_pieces = sse_response(
        chunk({"role": "assistant", "content": None, "tool_calls": [{**CALL, "index": 0}]}), chunk({}, "tool_calls")
    )
    made, transport = adapter(in_pieces if stream else whole)

    choice = call(made, slug, streamed=stream, tools=[TOOL], tool_choice="auto")

    assert choice["message"]["tool_calls"] == [CALL]
    assert choice["message"]["content"] is None
    assert choice["finish_reason"] == "tool_calls"
    assert transport.body["tools"] == [TOOL]


ERRORS: list[tuple[int, type[UpstreamError]]] = [
    (400, ProviderRequestError),
    (401, ProviderKeyRejectedError),
    (402, ProviderQuotaError),
    (403, ProviderKeyRejectedError),
    (404, ProviderRequestError),
    (413, ProviderRequestError),
    (422, ProviderRequestError),
    (429, ProviderRateLimitedError),
    (500, ProviderFailureError),
    (502, ProviderFailureError),
    (504, ProviderTimeoutError),
    (529, ProviderFailureError),
]


@every_row
@both_ways
@pytest.mark.parametrize(("status", "kind"), ERRORS)
def test_an_error_is_raised_before_anything_is_answered(
    slug: str, stream: bool, status: int, kind: type[UpstreamError]
) -> None:
    response = json_response(
        {"error": {"message": f"their words about {KEY}", "code": None}}, status, **{"retry-after": "7"}
    )
    made, _ = adapter(response)

    with pytest.raises(kind) as caught:
        call(made, slug, streamed=stream)

    assert type(caught.value) is kind
    assert caught.value.provider == slug
    assert caught.value.upstream_status == status
    assert KEY not in caught.value.message
    assert response.closed
    if status == 429:
        assert caught.value.retry_after_seconds == 7
    if status == 401:
        assert "…wxyz" in caught.value.message


@every_row
@both_ways
@pytest.mark.parametrize("status", [200, 502])
def test_a_web_page_is_a_failure(slug: str, stream: bool, status: int) -> None:
    response = FakeResponse(status, HTML, {"content-type": "text/html"})
    made, _ = adapter(response)

    with pytest.raises(ProviderFailureError, match="web page") as caught:
        call(made, slug, streamed=stream)

    assert "<" not in caught.value.message
    assert response.closed


@every_row
@both_ways
@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"nonsense", b'{"choices": []}'])
def test_an_answer_that_is_none_is_a_failure(slug: str, stream: bool, body: bytes) -> None:
    made, _ = adapter(FakeResponse(200, body))

    with pytest.raises(ProviderFailureError):
        call(made, slug, streamed=stream)


@every_row
@both_ways
def test_an_error_with_a_good_status_is_an_error(slug: str, stream: bool) -> None:
    response = json_response({"error": {"code": 429, "message": "their words"}})
    made, _ = adapter(response)

    with pytest.raises(ProviderRateLimitedError, match="their words"):
        call(made, slug, streamed=stream)

    assert response.closed


BREAK = ProviderFailureError("it broke", provider="x")
LATE = ProviderTimeoutError("too late", provider="x")


@every_row
@pytest.mark.parametrize(
    "body",
    [
        [sse(*HELLO[:2], done=False)],
        [sse(*HELLO[:2], done=False), b'data: {"id":'],
        [sse(*HELLO[:2], done=False), b"data: nonsense\n\n"],
        [sse(*HELLO[:2], {"error": {"message": "m"}}, done=False)],
        [sse(*HELLO[:2], done=False), BREAK],
        [sse(*HELLO[:2], done=False), LATE],
    ],
    ids=["cut", "cut inside", "malformed", "error", "broken", "late"],
)
def test_a_stream_that_breaks_off_says_so_after_what_came(slug: str, body: list[bytes | Exception]) -> None:
    response = FakeResponse(200, body, {"content-type": "text/event-stream"})
    made, _ = adapter(response)
    chunks: list[Any] = []

    def read(answer: Iterator[Any]) -> None:
        chunks.extend(answer)  # keeps what came before the error

    with pytest.raises((ProviderFailureError, ProviderTimeoutError)):
        read(iter(open_stream(made, slug)))

    assert fold(chunks) == [{"message": {"role": "assistant", "content": "Hel"}, "finish_reason": None}]
    assert response.closed


@pytest.mark.parametrize("trouble", [BREAK, LATE])
def test_a_connection_that_breaks_after_the_finish_reason_has_brought_the_answer(trouble: Exception) -> None:
    body: list[bytes | Exception] = [sse(*HELLO[:4], done=False), trouble]
    made, _ = adapter(FakeResponse(200, body, {"content-type": "text/event-stream"}))

    assert fold(open_stream(made, "openai"))[0]["finish_reason"] == "stop"


def test_nothing_is_read_behind_the_end_mark() -> None:
    body: list[bytes | Exception] = [sse(*HELLO), RuntimeError("somebody read on")]
    made, _ = adapter(FakeResponse(200, body, {"content-type": "text/event-stream"}))

    assert fold(open_stream(made, "openai"))[0]["message"]["content"] == "Hello"


def test_an_event_that_is_too_large_is_a_failure() -> None:
    body = [b"data: " + b"x" * (9 * 1024 * 1024)]
    made, _ = adapter(FakeResponse(200, body, {"content-type": "text/event-stream"}))

    with pytest.raises(ProviderFailureError, match="too large"):
        list(open_stream(made, "openai"))


def test_an_answer_that_is_too_large_is_a_failure() -> None:
    response = FakeResponse(200, b" " * (ANSWER_LIMIT + 1))
    made, _ = adapter(response)

    with pytest.raises(ProviderFailureError, match="too large"):
        complete(made, "openai")

    assert response.closed


@every_row
def test_a_provider_that_ignores_the_wish_to_stream_is_streamed_all_the_same(slug: str) -> None:
    whole = completion("Hello", message={"reasoning": "Hm"}, usage=REPORTED)
    made, _ = adapter(json_response(whole))

    answer = open_stream(made, slug)
    chunks = list(answer)

    assert fold(chunks) == [
        {"message": {"role": "assistant", "content": "Hello", "reasoning_content": "Hm"}, "finish_reason": "stop"}
    ]
    assert answer.usage == USAGE


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/octet-stream", ""])
def test_a_stream_is_known_by_its_bytes_whatever_its_type_says(kind: str) -> None:
    made, _ = adapter(FakeResponse(200, sse(": ping", *HELLO), {"content-type": kind}))

    assert fold(open_stream(made, "openai"))[0]["message"]["content"] == "Hello"


@every_row
def test_the_key_travels_in_its_header_and_nothing_of_the_callers_does(slug: str) -> None:
    made, transport = adapter(json_response(completion()))

    complete(made, slug)

    (request,) = transport.requests
    headers = {name.lower(): value for name, value in request.headers.items()}
    name = "api-key" if slug == "azure" else "authorization"
    sent = headers.pop(name)
    assert isinstance(sent, Secret)
    assert sent.reveal() == (KEY if slug == "azure" else f"Bearer {KEY}")
    assert headers == {
        "content-type": "application/json",
        "accept": "application/json",
        "user-agent": f"ownkey/{__version__}",
    }
    assert request.secrets == (Secret(KEY),)
    assert KEY not in repr(request)
    assert KEY.encode() not in (request.body or b"")


@every_row
def test_a_request_goes_to_the_providers_own_address(slug: str) -> None:
    made, transport = adapter(json_response(completion()))

    complete(made, slug)

    expected = (
        "https://my-resource.openai.azure.com/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21"
        if slug == "azure"
        else REGISTRY[slug].base_url + "/chat/completions"
    )
    assert transport.requests[0].url == expected
    assert transport.requests[0].provider == slug


@every_row
@pytest.mark.parametrize("base", ["http://127.0.0.1:9000/v1", "http://127.0.0.1:9000/v1/"])
def test_an_operator_may_put_another_address_in_its_place(slug: str, base: str) -> None:
    made, transport = adapter(json_response(completion()), **{slug: base})

    complete(made, slug)

    assert transport.requests[0].url.startswith("http://127.0.0.1:9000/v1/")
    assert "//" not in transport.requests[0].url.removeprefix("http://")


@both_ways
def test_a_refusal_costs_no_request(stream: bool) -> None:
    made, transport = adapter()

    with pytest.raises(UnsupportedParameterError):
        call(made, "groq", streamed=stream, n=3)
    with pytest.raises(UnsupportedParameterError):
        made.check(chat_request(stream, n=3), provider="groq", upstream_model="m")

    assert transport.requests == []


@both_ways
def test_what_was_dropped_is_said(stream: bool) -> None:
    made, _ = adapter(sse_response(*HELLO) if stream else json_response(completion()))

    answer: Completion | ChunkStream
    if stream:
        answer = open_stream(made, "groq", logit_bias={"1": 1}, store=True)
    else:
        answer = complete(made, "groq", logit_bias={"1": 1}, store=True)

    assert answer.dropped == ("logit_bias", "store")


@pytest.mark.parametrize(
    ("slug", "error"),
    [("exa", ProviderUnsupportedError), ("tavily", ProviderUnsupportedError), ("nobody", UnknownProviderError)],
)
@both_ways
def test_providers_that_cannot_be_spoken_to_are_named(slug: str, error: type[Exception], stream: bool) -> None:
    made, transport = adapter()

    with pytest.raises(error):
        call(made, slug, streamed=stream)

    assert not made.supports(slug)
    assert transport.requests == []


@every_row
def test_every_provider_of_the_family_is_supported(slug: str) -> None:
    assert adapter()[0].supports(slug)


@both_ways
def test_trouble_with_the_connection_is_passed_on(stream: bool) -> None:
    made, _ = adapter(LATE)

    with pytest.raises(ProviderTimeoutError, match="too late"):
        call(made, "openai", streamed=stream)


def test_an_error_body_that_does_not_come_is_done_without() -> None:
    response = FakeResponse(401, [LATE])
    made, _ = adapter(response)

    with pytest.raises(ProviderKeyRejectedError):
        complete(made, "openai")

    assert response.closed


@pytest.mark.parametrize("wanted", [False, True])
def test_the_way_it_is_called_decides_whether_it_streams(wanted: bool) -> None:
    made, transport = adapter(json_response(completion()), sse_response(*HELLO))
    request = chat_request(wanted)
    common: dict[str, Any] = {
        "provider": "openai",
        "upstream_model": "m",
        "credential": credential("openai"),
        "deadline": FakeDeadline(),
    }

    made.complete(request, **common)
    assert not transport.body.get("stream")
    list(made.stream(request, **common))
    assert transport.body["stream"] is True


def test_text_that_is_no_unicode_is_sent_as_it_came() -> None:
    made, transport = adapter(json_response(completion()))

    complete(made, "openai", messages=[{"role": "user", "content": "\ud83d"}])

    assert json.loads(transport.requests[0].body or b"")["messages"][0]["content"] == "\ud83d"


def refusal(param: str, code: str = "unsupported_parameter") -> FakeResponse:
    return json_response({"error": {"message": f"'{param}' is not supported", "param": param, "code": code}}, 400)


@both_ways
def test_azure_gets_the_token_limit_under_the_name_that_its_model_wants_from_then_on(stream: bool) -> None:
    def good() -> FakeResponse:
        return sse_response(*HELLO) if stream else json_response(completion())

    made, transport = adapter(refusal("max_tokens"), good(), good())

    call(made, "azure", streamed=stream, max_tokens=10)
    call(made, "azure", streamed=stream, max_tokens=20)

    bodies = [json.loads(request.body or b"") for request in transport.requests]
    assert [(body.get("max_tokens"), body.get("max_completion_tokens")) for body in bodies] == [
        (10, None),
        (None, 10),
        (None, 20),
    ]


def test_a_sampling_field_that_azures_model_refuses_is_dropped_and_named() -> None:
    made, _ = adapter(refusal("max_tokens"), refusal("temperature", "unsupported_value"), json_response(completion()))

    assert complete(made, "azure", max_tokens=10, temperature=0.5).dropped == ("temperature",)


def test_a_refusal_that_comes_again_is_the_answer() -> None:
    made, transport = adapter(refusal("max_tokens"), refusal("max_completion_tokens"))

    with pytest.raises(ProviderRequestError):
        complete(made, "azure", max_tokens=10)

    assert len(transport.requests) == 2


def test_other_providers_refusals_are_the_answer() -> None:
    made, transport = adapter(refusal("max_tokens"))

    with pytest.raises(ProviderRequestError):
        complete(made, "openai", max_tokens=10)

    assert len(transport.requests) == 1


def test_hanging_up_closes_the_connection_and_keeps_the_usage_so_far() -> None:
    response = sse_response(
        chunk({"role": "assistant", "content": "a"}, usage=REPORTED), chunk({"content": "b"}), pieces=20
    )
    made, _ = adapter(response)
    answer = open_stream(made, "openai")

    for _ in answer:
        break
    answer.close()
    answer.close()

    assert response.closed
    assert answer.usage == USAGE


def test_every_chat_provider_of_the_table_is_supported() -> None:
    made, _ = adapter()
    assert all(made.supports(slug) == (spec.kind == "chat") for slug, spec in REGISTRY.items())


@pytest.mark.parametrize("slug", [slug for slug, spec in REGISTRY.items() if spec.kind == "chat"])
def test_every_provider_says_what_it_could_not_take(slug):
    adapter = ChatAdapter(REGISTRY, FakeTransport())
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    assert adapter.left_out(ChatRequest(body=body, model="m"), provider=slug, upstream_model="m") == ()


@pytest.mark.parametrize(
    ("slug", "field", "expected"),
    [
        ("openai", {"seed": 7}, ()),
        ("groq", {"logit_bias": {"1": 2}}, ("logit_bias",)),
        ("anthropic", {"n": 2}, ("n",)),
        ("aws", {"n": 2}, ("n",)),
        ("google", {"logit_bias": {"1": 2}}, ("logit_bias",)),
        ("azure-responses", {"stop": ["x"]}, ("stop",)),
    ],
)
def test_fields_that_would_be_dropped_or_refused_are_named(slug, field, expected):
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], **field}
    adapter = ChatAdapter(REGISTRY, FakeTransport())
    assert adapter.left_out(ChatRequest(body=body, model="m"), provider=slug, upstream_model="m") == expected
