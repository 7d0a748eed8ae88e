from dataclasses import dataclass, field

import pytest

from ownkey.adapters.adapter import ChatAdapter
from ownkey.adapters.registry import REGISTRY
from ownkey.adapters.retries import LONGEST_WAIT_SECONDS, PAUSE_SECONDS, SPARE_SECONDS, RetryOnce
from ownkey.domain.errors import ProviderFailureError, ProviderTimeoutError, UpstreamError
from ownkey.domain.upstream import UpstreamResponse
from tests.support.adapter_transport import (
    FakeDeadline,
    FakeResponse,
    FakeTransport,
    chat_request,
    chunk,
    completion,
    credential,
    json_response,
    sse_response,
)
from tests.support.egress import request_to

REQUEST = request_to("https://api.groq.com/openai/v1/chat/completions")


@dataclass
class Clock:
    """A deadline that sleeping brings nearer."""

    left: float = 60.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.left -= seconds

    def remaining_seconds(self) -> float:
        return self.left


def refused() -> UpstreamError:
    return ProviderFailureError("no connection", provider="groq", nothing_sent=True)


def not_in_time() -> UpstreamError:
    return ProviderTimeoutError("no connection in time", provider="groq", nothing_sent=True)


def turned_away(status: int = 503, **headers: str) -> FakeResponse:
    return FakeResponse(status, b"{}", {name.replace("_", "-"): value for name, value in headers.items()})


def sent(*answers: FakeResponse | Exception, clock: Clock | None = None) -> tuple[UpstreamResponse, FakeTransport]:
    clock = clock or Clock()
    transport = FakeTransport(*answers)
    return RetryOnce(transport, clock.sleep).send(REQUEST, clock), transport


@pytest.mark.parametrize("failure", [refused(), not_in_time()])
def test_a_request_that_nobody_saw_is_sent_once_more(failure: UpstreamError) -> None:
    clock = Clock()

    response, transport = sent(failure, json_response({}), clock=clock)

    assert response.status == 200
    assert transport.requests == [REQUEST, REQUEST]
    assert clock.slept == [PAUSE_SECONDS]


@pytest.mark.parametrize("status", [502, 503, 529])
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"retry_after": "2"}, 2.0), ({"retry_after": "0"}, 0.0), ({"retry_after": "9", "retry_after_ms": "250"}, 0.25)],
)
def test_a_provider_that_says_when_to_come_back_is_asked_once_more(
    status: int, headers: dict[str, str], seconds: float
) -> None:
    clock, first = Clock(), turned_away(status, **headers)

    response, transport = sent(first, json_response({}), clock=clock)

    assert response.status == 200
    assert len(transport.requests) == 2
    assert clock.slept == [seconds]
    assert first.closed == 1


@pytest.mark.parametrize(
    "answer",
    [
        turned_away(503),
        turned_away(503, retry_after=f"{LONGEST_WAIT_SECONDS + 0.1}"),
        turned_away(503, retry_after="soon"),
        turned_away(529, retry_after="1", x_should_retry="false"),
        *(turned_away(status, retry_after="1") for status in (200, 400, 401, 408, 409, 429, 500, 504, 524)),
    ],
    ids=lambda answer: f"{answer.status}-{len(answer.headers)}",
)
def test_other_answers_are_given_back_at_once(answer: FakeResponse) -> None:
    clock = Clock()

    response, transport = sent(answer, clock=clock)

    assert response is answer
    assert answer.closed == 0
    assert len(transport.requests) == 1
    assert clock.slept == []


@pytest.mark.parametrize("kind", [ProviderFailureError, ProviderTimeoutError])
def test_a_request_that_somebody_may_have_seen_is_not_sent_again(kind: type[UpstreamError]) -> None:
    transport = FakeTransport(kind("hung up", provider="groq"), json_response({}))
    clock = Clock()

    with pytest.raises(kind, match="hung up"):
        RetryOnce(transport, clock.sleep).send(REQUEST, clock)

    assert len(transport.requests) == 1
    assert clock.slept == []


def test_there_is_no_third_time() -> None:
    transport = FakeTransport(refused(), not_in_time(), json_response({}))
    with pytest.raises(ProviderTimeoutError):
        RetryOnce(transport, Clock().sleep).send(REQUEST, FakeDeadline())
    assert len(transport.requests) == 2

    response, transport = sent(refused(), turned_away(503, retry_after="1"), json_response({}))
    assert response.status == 503
    assert len(transport.requests) == 2


def test_the_requests_of_one_attempt_share_one_retry() -> None:
    clock = Clock()
    transport = FakeTransport(refused(), json_response({}), turned_away(503, retry_after="1"))
    attempt = RetryOnce(transport, clock.sleep)

    assert [attempt.send(REQUEST, clock).status for _ in range(2)] == [200, 503]
    assert clock.slept == [PAUSE_SECONDS]


@pytest.mark.parametrize(("left", "statuses"), [(SPARE_SECONDS + 1.0, [503, 200]), (SPARE_SECONDS + 0.9, [503])])
def test_waiting_leaves_time_for_an_answer(left: float, statuses: list[int]) -> None:
    response, transport = sent(turned_away(503, retry_after="1"), json_response({}), clock=Clock(left))

    assert response.status == statuses[-1]
    assert len(transport.requests) == len(statuses)


def test_without_time_left_the_failure_to_connect_is_the_answer() -> None:
    transport, clock = FakeTransport(refused()), Clock(SPARE_SECONDS)
    with pytest.raises(ProviderFailureError):
        RetryOnce(transport, clock.sleep).send(REQUEST, clock)
    assert clock.slept == []


@pytest.mark.parametrize("slug", ["groq", "openai-responses", "anthropic", "google"])
@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
def test_every_protocol_retries_and_reports_the_second_failure(slug: str, stream: bool) -> None:
    slept: list[float] = []
    transport = FakeTransport(turned_away(503, retry_after="1"), turned_away(500))
    made = ChatAdapter(REGISTRY, transport, sleep=slept.append)
    call = made.stream if stream else made.complete

    with pytest.raises(ProviderFailureError) as caught:
        call(
            chat_request(stream),
            provider=slug,
            upstream_model="some-model",
            credential=credential(slug),
            deadline=FakeDeadline(),
        )

    assert caught.value.upstream_status == 500
    assert slept == [1.0]
    first, second = transport.requests
    assert first == second


def test_attempts_do_not_share_their_retries_and_parameters_are_still_learnt() -> None:
    """One attempt is a failed connection, a refused parameter and a good answer; the next has a retry of its own."""
    slept: list[float] = []
    message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'."
    error = {"message": message, "type": "invalid_request_error", "param": "max_tokens"}
    transport = FakeTransport(
        refused(),
        json_response({"error": {**error, "code": "unsupported_parameter"}}, 400),
        json_response(completion()),
        turned_away(503, retry_after_ms="100"),
        sse_response(chunk({"role": "assistant", "content": "Hi"}), chunk({}, "stop")),
    )
    made = ChatAdapter(REGISTRY, transport, sleep=slept.append)

    whole = made.complete(
        chat_request(max_tokens=7),
        provider="azure",
        upstream_model="m",
        credential=credential("azure"),
        deadline=FakeDeadline(),
    )
    streamed = made.stream(
        chat_request(True, max_tokens=7),
        provider="azure",
        upstream_model="m",
        credential=credential("azure"),
        deadline=FakeDeadline(),
    )
    chunks = list(streamed)

    assert whole.body["choices"][0]["message"]["content"] == "Hello"
    assert chunks
    assert slept == [PAUSE_SECONDS, 0.1]
    assert len(transport.requests) == 5
