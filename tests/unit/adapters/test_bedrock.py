import hashlib
import hmac
import traceback
from typing import Any
from urllib.parse import quote

import pytest

from ownkey.adapters.aws_regions import AWS_REGIONS
from ownkey.adapters.bedrock import BedrockCaller
from ownkey.adapters.egress import EgressPolicy
from ownkey.adapters.transport import HttpTransport
from ownkey.domain.chat import Completion
from ownkey.domain.errors import (
    ProviderFailureError,
    ProviderKeyRejectedError,
    ProviderRateLimitedError,
    ProviderRequestError,
    ProviderTimeoutError,
    UnsupportedParameterError,
    UpstreamError,
)
from tests.support.bedrock import (
    ACCESS_KEY,
    CLAUDE,
    SECRET_KEY,
    SESSION_TOKEN,
    SPEC,
    aws_credential,
    bedrock,
    chat,
    completion,
    failure,
    frames,
    streamed,
    text_events,
    whole,
)
from tests.support.egress import DeadlineIn
from tests.support.upstream import Exchange, Reply, answer

NO_ON_DEMAND = failure(
    "ValidationException", "Invocation of model ID x with on-demand throughput isn\u2019t supported.", 400
)


def complete(caller: BedrockCaller, model: str = CLAUDE, *, seconds: float = 5, **fields: Any) -> Completion:
    return caller.complete(
        chat(model, **fields), upstream_model=model, credential=aws_credential(), deadline=DeadlineIn(seconds)
    )


def stream(caller: BedrockCaller, *, seconds: float = 5, **fields: Any) -> Any:
    return caller.stream(
        chat(**fields), upstream_model=CLAUDE, credential=aws_credential(), deadline=DeadlineIn(seconds)
    )


def signature_of(exchange: Exchange, secret: str) -> str:
    """Return AWS's signature of what arrived, computed from its description."""
    fields = dict(part.strip().split("=", 1) for part in exchange.headers["authorization"][17:].split(","))
    scope = fields["Credential"].partition("/")[2]
    headers = "".join(f"{name}:{exchange.headers[name]}\n" for name in fields["SignedHeaders"].split(";"))
    path = quote(exchange.path, safe="/-_.~")
    payload = hashlib.sha256(exchange.body).hexdigest()
    request = f"POST\n{path}\n\n{headers}\n{fields['SignedHeaders']}\n{payload}"
    digest = hashlib.sha256(request.encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    to_sign = f"AWS4-HMAC-SHA256\n{exchange.headers['x-amz-date']}\n{scope}\n{digest}"
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


def test_an_answer_comes_back_and_the_request_was_the_callers() -> None:
    with bedrock(whole(completion({"text": "Hi"}))) as (caller, upstream):
        made = caller.complete(
            chat(seed=1),
            upstream_model=CLAUDE,
            credential=aws_credential(region="eu-west-1", session_token=SESSION_TOKEN),
            deadline=DeadlineIn(5),
        )

    assert made.body["choices"][0]["message"]["content"] == "Hi"
    assert made.dropped == ("seed",)
    (exchange,) = upstream.exchanges
    assert exchange.path == "/aws/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"
    assert exchange.json == {"messages": [{"role": "user", "content": [{"text": "Say hello"}]}]}
    assert exchange.headers["x-amz-security-token"] == SESSION_TOKEN
    assert f"Credential={ACCESS_KEY}/" in exchange.headers["authorization"]
    assert "/eu-west-1/bedrock/aws4_request" in exchange.headers["authorization"]
    assert exchange.headers["authorization"].endswith(f"Signature={signature_of(exchange, SECRET_KEY)}")
    assert exchange.headers["user-agent"].startswith("ownkey/")


def test_nothing_of_this_machine_touches_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_PROFILE": "nobody",
        "AWS_ACCESS_KEY_ID": "AKIAOURS",
        "AWS_SECRET_ACCESS_KEY": "ours",
        "AWS_SESSION_TOKEN": "our-token",
        "AWS_BEARER_TOKEN_BEDROCK": "our-bearer",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://127.0.0.1:9",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_MAX_ATTEMPTS": "5",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
        "_X_AMZN_TRACE_ID": "Root=1-ours",
        "AWS_LAMBDA_FUNCTION_NAME": "ours",
    }.items():
        monkeypatch.setenv(name, value)

    with bedrock(whole(completion())) as (caller, upstream):
        complete(caller)

    (exchange,) = upstream.exchanges
    sent = repr(exchange.headers)
    assert "our" not in sent.replace("hour", "")
    assert f"Credential={ACCESS_KEY}/" in sent


def test_a_stream_comes_as_chunks_with_its_usage_last() -> None:
    with bedrock(streamed(frames(*text_events("Hi", " you")))) as (caller, upstream):
        made = stream(caller, seed=1)
        chunks = list(made)

    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == "Hi you"
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert (made.usage.input_tokens, made.usage.output_tokens) == (9, 3)
    assert made.dropped == ("seed",)
    assert upstream.exchanges[0].path.endswith("/converse-stream")


def test_closing_a_stream_hangs_up() -> None:
    pieces = frames(*text_events("Hi", " you"))
    with bedrock(streamed(pieces, stall_after=2)) as (caller, upstream):
        made = stream(caller)
        chunks = iter(made)
        assert next(chunks)["choices"][0]["delta"]["role"] == "assistant"

        made.close()
        made.close()

        assert upstream.exchanges[0].hung_up.wait(2)


def test_a_stream_that_is_cut_off_is_an_error() -> None:
    with bedrock(streamed(frames(*text_events("Hi")), cut_after=2)) as (caller, _):
        made = stream(caller)
        with pytest.raises(ProviderFailureError):
            list(made)


def test_a_stream_cut_off_behind_its_end_has_all_but_its_usage() -> None:
    pieces = frames(*text_events("Hi"))
    with bedrock(streamed(pieces, cut_after=len(pieces) - 1)) as (caller, _):
        made = stream(caller)
        chunks = list(made)

    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert made.usage is None


@pytest.mark.parametrize("garbage", [b"garbage" * 10, b"\x00" * 40, frames(*text_events("Hi"))[1][:-1] + b"\x00"])
def test_a_stream_of_something_else_is_an_error(garbage: bytes) -> None:
    with bedrock(streamed([garbage])) as (caller, _):
        made = stream(caller)
        with pytest.raises(ProviderFailureError):
            list(made)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("throttlingException", ProviderRateLimitedError),
        ("validationException", ProviderRequestError),
        ("modelStreamErrorException", ProviderFailureError),
        ("internalServerException", ProviderFailureError),
        ("serviceUnavailableException", ProviderFailureError),
    ],
)
def test_an_error_inside_a_stream_is_raised_at_its_place(kind: str, error: type[UpstreamError]) -> None:
    events = [*text_events("Hi")[:2], {kind: {"message": f"No. {SECRET_KEY}"}}]
    with bedrock(streamed(frames(*events))) as (caller, _):
        chunks = iter(stream(caller))
        assert [next(chunks) for _ in range(2)]
        with pytest.raises(error) as caught:
            next(chunks)

    assert_holds_no_secret(caught.value)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (failure("UnrecognizedClientException", "The security token is invalid.", 403), ProviderKeyRejectedError),
        (failure("ThrottlingException", f"Not now {SECRET_KEY} {ACCESS_KEY}", 429), ProviderRateLimitedError),
        (failure("ValidationException", f"Bad {SECRET_KEY[4:]}", 400), ProviderRequestError),
        (failure("InternalServerException", "Oops", 500), ProviderFailureError),
        (answer(b"<html>Bad gateway</html>", 502, {"content-type": "text/html"}), ProviderFailureError),
        (answer(b"", 429), ProviderRateLimitedError),
        (answer(b"not json"), ProviderFailureError),
        (whole({}), ProviderFailureError),
        (Reply(status=302, headers={"location": "http://127.0.0.1:9/"}), ProviderFailureError),
    ],
)
def test_failures_are_told_apart_and_hold_no_secret(reply: Reply, error: type[UpstreamError]) -> None:
    with bedrock(reply) as (caller, upstream), pytest.raises(error) as caught:
        complete(caller)

    assert caught.value.provider == "aws"
    assert len(upstream.exchanges) == 1
    assert_holds_no_secret(caught.value)


def test_an_answer_that_does_not_come_is_a_timeout() -> None:
    with bedrock(whole(completion())) as (caller, upstream):
        complete(caller)  # the first call loads boto3
        upstream.on("aws", answer(b"", headers_after_seconds=5))
        with pytest.raises(ProviderTimeoutError):
            complete(caller, seconds=0.2)


def test_a_stream_that_stalls_is_a_timeout() -> None:
    with bedrock(streamed(frames(*text_events("Hi")), stall_after=2)) as (caller, _):
        deadline = DeadlineIn(5)
        made = caller.stream(chat(), upstream_model=CLAUDE, credential=aws_credential(), deadline=deadline)
        chunks = iter(made)
        next(chunks)
        deadline.end_in(0.1)
        with pytest.raises(ProviderTimeoutError):
            list(chunks)


def test_a_model_behind_a_profile_is_asked_for_by_the_regions_and_remembered() -> None:
    with bedrock(NO_ON_DEMAND, whole(completion())) as (caller, upstream):
        complete(caller, "anthropic.claude-sonnet-5")
        complete(caller, "anthropic.claude-sonnet-5")

    assert [exchange.path.split("/")[3] for exchange in upstream.exchanges] == [
        "anthropic.claude-sonnet-5",
        "us.anthropic.claude-sonnet-5",
        "us.anthropic.claude-sonnet-5",
    ]


def test_a_model_that_no_profile_has_either_is_not_found() -> None:
    with bedrock(NO_ON_DEMAND) as (caller, upstream), pytest.raises(ProviderRequestError) as caught:
        complete(caller, "us.anthropic.claude-sonnet-5")

    assert caught.value.kind == "not_found"
    assert len(upstream.exchanges) == 1


BUSY = whole({"message": "busy"}, 503, **{"x-amzn-errortype": "ServiceUnavailableException", "retry-after": "1"})


@pytest.mark.parametrize("streams", [False, True], ids=["unary", "stream"])
def test_a_bedrock_that_says_when_to_come_back_is_asked_once_more(streams: bool) -> None:
    slept: list[float] = []
    good = streamed(frames(*text_events("Hi"))) if streams else whole(completion({"text": "Hi"}))
    with bedrock(BUSY, good, sleep=slept.append) as (caller, upstream):
        if streams:
            texts = [chunk["choices"][0]["delta"].get("content") for chunk in stream(caller, seconds=60)]
            assert "Hi" in texts
        else:
            assert complete(caller, seconds=60).body["choices"][0]["message"]["content"] == "Hi"

    first, second = upstream.exchanges
    assert (first.path, first.body, first.headers) == (second.path, second.body, second.headers)
    assert slept == [1.0]


def test_the_requests_of_one_call_share_one_retry() -> None:
    slept: list[float] = []
    with (
        bedrock(BUSY, NO_ON_DEMAND, BUSY, whole(completion()), sleep=slept.append) as (caller, upstream),
        pytest.raises(ProviderFailureError) as caught,
    ):
        complete(caller, "anthropic.claude-sonnet-5", seconds=60)

    assert caught.value.upstream_status == 503
    assert slept == [1.0]
    assert len(upstream.exchanges) == 3


def test_what_bedrock_cannot_do_is_refused_before_anything_is_sent() -> None:
    with bedrock(whole(completion())) as (caller, upstream):
        with pytest.raises(UnsupportedParameterError):
            complete(caller, n=2)
        with pytest.raises(ProviderRequestError, match="inferenceConfig") as caught:
            complete(caller, max_tokens=0)

    assert not upstream.exchanges
    assert_holds_no_secret(caught.value)


def test_tools_come_back_under_the_callers_names() -> None:
    tools = [{"type": "function", "function": {"name": "files.read"}}]

    def reply(exchange: Exchange) -> Reply:
        name = exchange.json["toolConfig"]["tools"][0]["toolSpec"]["name"]
        return whole(completion({"toolUse": {"toolUseId": "t", "name": name, "input": {}}}, stop="tool_use"))

    with bedrock() as (caller, upstream):
        upstream.on("aws", reply)
        made = complete(caller, tools=tools)

    assert made.body["choices"][0]["message"]["tool_calls"][0]["function"]["name"] == "files.read"


@pytest.mark.parametrize("address", ["169.254.169.254", "10.0.0.1", "127.0.0.1", "fd00:ec2::254"])
def test_a_region_that_leads_inside_is_not_called(address: str) -> None:
    asked: list[str] = []

    def resolver(host: str, _port: int) -> tuple[str, ...]:
        asked.append(host)
        return (address,)

    caller = BedrockCaller(SPEC, HttpTransport(EgressPolicy({"aws": SPEC}, resolver=resolver)))

    with pytest.raises(ProviderFailureError, match="may not be called"):
        complete(caller)

    assert asked == ["bedrock-runtime.us-east-1.amazonaws.com"]


@pytest.mark.parametrize("region", ["", "evil.example/", "us-east-1.evil", "xx-nowhere-1"])
def test_a_region_that_is_none_is_not_called(region: str) -> None:
    with bedrock(whole(completion())) as (caller, upstream), pytest.raises(ProviderFailureError):
        caller.complete(chat(), upstream_model=CLAUDE, credential=aws_credential(region=region), deadline=DeadlineIn(5))

    assert not upstream.exchanges


def test_the_row_allows_the_regions_hosts_and_no_other_of_aws() -> None:
    assert len(SPEC.hosts) == len(AWS_REGIONS)
    policy = EgressPolicy({"aws": SPEC})
    for region in AWS_REGIONS:
        policy.check("aws", f"https://bedrock-runtime.{region}.amazonaws.com/model/x/converse")
    for host in ("s3.us-east-1.amazonaws.com", "bedrock-runtime.us-east-1.amazonaws.com.evil.example"):
        with pytest.raises(ProviderFailureError):
            policy.check("aws", f"https://{host}/")


def assert_holds_no_secret(error: BaseException) -> None:
    told = "".join(traceback.format_exception(error)) + repr(error)
    assert SECRET_KEY[4:24] not in told
    assert ACCESS_KEY not in told
