import time
from collections.abc import Iterator
from typing import Any

import pytest

from ownkey.adapters.egress import EgressPolicy
from ownkey.adapters.registry import REGISTRY
from ownkey.adapters.spec import KeyFormat, ProviderSpec
from ownkey.adapters.transport import HttpTransport
from ownkey.adapters.verification import KeyVerifier, Verdict
from ownkey.domain.provider_keys import Credential
from ownkey.domain.secrets import Secret
from ownkey.domain.upstream import UpstreamRequest
from tests.support.egress import DeadlineIn
from tests.support.upstream import (
    FakeUpstream,
    Reply,
    Script,
    answer,
    chat_completion,
    echoing_error,
    html_error,
    openai_error,
    raw,
    redirect,
)

KEY = "sk-made-up-0123456789abcdef"
HTTP_SLUGS = [slug for slug in REGISTRY if slug != "aws"]
CREDENTIALS = {
    "aws": Credential(
        {"accessKeyId": Secret("AKIA" + "A" * 16), "secretAccessKey": Secret("s" * 40)}, {"region": "eu-central-1"}
    ),
    "azure": Credential(
        {"apiKey": Secret(KEY)},
        {"endpoint": "https://mine.openai.azure.com", "deploymentName": "gpt", "apiVersion": "2024-10-21"},
    ),
    "azure-responses": Credential({"apiKey": Secret(KEY)}, {"endpoint": "https://mine.openai.azure.com"}),
    "azure-anthropic-foundry": Credential({"apiKey": Secret(KEY)}, {"endpoint": "https://mine.services.ai.azure.com"}),
}


def credential_of(slug: str) -> Credential:
    return CREDENTIALS.get(slug, Credential({"apiKey": Secret(KEY)}))


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as running:
        yield running


@pytest.fixture(scope="module")
def verifier(upstream: FakeUpstream) -> Iterator[KeyVerifier]:
    overrides = upstream.base_urls(*REGISTRY)
    transport = HttpTransport(EgressPolicy(REGISTRY, overrides))
    yield KeyVerifier(REGISTRY, transport, overrides)
    transport.close()


def verify(
    verifier: KeyVerifier,
    upstream: FakeUpstream,
    slug: str,
    reply: Script,
    *,
    model: str | None = None,
    seconds: float = 5,
) -> Verdict:
    upstream.on("", reply)
    verdict = verifier.verify(slug, credential_of(slug), model=model, deadline=DeadlineIn(seconds))
    assert KEY[3:] not in repr(verdict)
    assert (verdict.reason is None) == (verdict.valid is True)
    return verdict


@pytest.mark.parametrize("slug", HTTP_SLUGS)
def test_every_provider_is_judged_in_three_states(verifier: KeyVerifier, upstream: FakeUpstream, slug: str) -> None:
    assert verify(verifier, upstream, slug, answer({"data": []})).valid is True
    assert verify(verifier, upstream, slug, echoing_error(401)).valid is False
    for reply in (openai_error("slow down", 429), openai_error("boom", 500), html_error(403)):
        assert verify(verifier, upstream, slug, reply).valid is None


@pytest.mark.parametrize(
    ("reply", "valid"),
    [
        (answer({"data": []}), True),
        (answer([]), True),
        (answer({}, 204), True),
        (openai_error("Incorrect API key provided", 401, code="invalid_api_key"), False),
        (answer("", 401), False),
        (html_error(401), False),
        (echoing_error(401), False),
        (openai_error("slow down", 429), None),
        (openai_error("no", 402), None),
        (openai_error("You exceeded your quota", 429, code="insufficient_quota"), None),
        (openai_error("boom", 500), None),
        (openai_error("busy", 503), None),
        (html_error(200), None),
        (html_error(403), None),
        (html_error(404), None),
        (html_error(502), None),
        (answer({"success": False, "error": "soft"}), None),
        (redirect("https://evil.example"), None),
        (raw(b"nonsense\r\n\r\n"), None),
    ],
)
def test_only_a_clear_answer_is_a_verdict(
    verifier: KeyVerifier, upstream: FakeUpstream, reply: Script, valid: bool | None
) -> None:
    assert verify(verifier, upstream, "groq", reply).valid is valid


@pytest.mark.parametrize(
    ("slug", "reply", "valid"),
    [
        ("groq", openai_error("forbidden", 403), False),
        ("openai", openai_error("You have insufficient permissions: api.model.read", 403), True),
        ("openai", openai_error("Country, region, or territory not supported", 403), None),
        ("openai", openai_error("no", 403, code="invalid_api_key"), False),
        ("openai", openai_error("no", 404), None),
        ("nvidia", answer({"status": 404, "title": "Not Found", "detail": "Function x: Not found"}, 404), True),
        ("nvidia", answer("", 404), True),
        ("nvidia", answer({"status": 403, "title": "Forbidden", "detail": "Authorization failed"}, 403), False),
        ("novita", answer({"code": 403, "reason": "INVALID_API_KEY", "message": "no"}, 403), False),
        ("novita", answer({"code": 403, "reason": "NOT_ENOUGH_BALANCE", "message": "not enough balance"}, 403), None),
        ("zai", answer({"error": {"code": "1113", "message": "Insufficient balance"}}, 429), None),
        ("azure-anthropic-foundry", openai_error("no such deployment", 404, code="DeploymentNotFound"), True),
        ("azure-anthropic-foundry", openai_error("max_tokens", 400), None),
        ("azure", openai_error("Access denied due to Virtual Network/Firewall rules.", 403), None),
        (
            "google",
            answer({"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT",
                              "details": [{"reason": "API_KEY_INVALID"}]}}, 400),
            False,
        ),
        ("google", answer({"error": {"code": 400, "message": "Bad", "status": "INVALID_ARGUMENT"}}, 400), None),
    ],
)  # fmt: skip
def test_what_a_provider_means_by_a_status_counts(
    verifier: KeyVerifier, upstream: FakeUpstream, slug: str, reply: Reply, valid: bool | None
) -> None:
    assert verify(verifier, upstream, slug, reply).valid is valid


@pytest.mark.parametrize(
    ("slug", "method", "path", "header"),
    [
        ("openai", "GET", "/models", "authorization"),
        ("anthropic", "GET", "/models?limit=1", "x-api-key"),
        ("openrouter", "GET", "/key", "authorization"),
        ("vercel", "GET", "/credits", "authorization"),
        ("google", "GET", "/models?pageSize=1", "x-goog-api-key"),
        ("siliconflow", "GET", "/user/info", "authorization"),
        ("nvidia", "POST", "/chat/completions", "authorization"),
        ("exa", "POST", "/search", "x-api-key"),
        ("azure", "GET", "/openai/models?api-version=2024-10-21", "api-key"),
        ("azure-responses", "GET", "/openai/v1/models", "api-key"),
        ("azure-anthropic-foundry", "POST", "/anthropic/v1/messages", "x-api-key"),
    ],
)
def test_the_rows_call_is_made_with_the_key(
    verifier: KeyVerifier, upstream: FakeUpstream, slug: str, method: str, path: str, header: str
) -> None:
    assert verify(verifier, upstream, slug, answer({})).valid is True
    exchange = upstream.exchanges[-1]
    assert (exchange.method, exchange.path) == (method, f"/{slug}{path}")
    assert exchange.headers[header] == (f"Bearer {KEY}" if header == "authorization" else KEY)
    assert ("content-type" in exchange.headers) == (method == "POST")


@pytest.mark.parametrize(("slug", "path"), [("chutes", "/users/me"), ("deepinfra", "/v1/me")])
def test_absolute_urls_keep_their_path_on_a_replaced_origin(
    verifier: KeyVerifier, upstream: FakeUpstream, slug: str, path: str
) -> None:
    assert verify(verifier, upstream, slug, answer({})).valid is True
    assert upstream.exchanges[-1].path == path


def test_anthropics_version_goes_along_and_foundry_gets_both_headers(
    verifier: KeyVerifier, upstream: FakeUpstream
) -> None:
    verify(verifier, upstream, "azure-anthropic-foundry", answer({}))
    headers = upstream.exchanges[-1].headers
    assert (headers["x-api-key"], headers["api-key"]) == (KEY, KEY)
    assert headers["anthropic-version"] == "2023-06-01"
    verify(verifier, upstream, "anthropic", answer({}))
    assert "api-key" not in upstream.exchanges[-1].headers


def test_the_model_of_the_caller_is_asked_for_where_a_model_is_run(
    verifier: KeyVerifier, upstream: FakeUpstream
) -> None:
    verify(verifier, upstream, "azure-anthropic-foundry", answer(chat_completion()), model="claude-mine")
    assert upstream.exchanges[-1].json["model"] == "claude-mine"
    assert upstream.exchanges[-1].json["max_tokens"] == 1
    verify(verifier, upstream, "nvidia", answer(chat_completion()))
    assert upstream.exchanges[-1].json["model"] == "meta/llama-3.1-8b-instruct"
    verify(verifier, upstream, "exa", answer({}), model="gpt")
    assert "model" not in upstream.exchanges[-1].json


class Recorder:
    """A transport that goes nowhere and keeps what it was given."""

    def __init__(self) -> None:
        self.requests: list[UpstreamRequest] = []

    def send(self, request: UpstreamRequest, deadline: object) -> Any:
        self.requests.append(request)
        return self

    status = 200
    headers: dict[str, str] = {}

    def iter_bytes(self) -> Iterator[bytes]:
        return iter(())

    def read(self, limit: int) -> bytes:
        return b"{}"

    def close(self) -> None:
        pass


@pytest.mark.parametrize("slug", HTTP_SLUGS)
def test_the_policy_lets_every_row_be_verified(slug: str) -> None:
    recorder = Recorder()
    verifier = KeyVerifier(REGISTRY, recorder)
    assert verifier.verify(slug, credential_of(slug), model=None, deadline=DeadlineIn(5)).valid is True
    (request,) = recorder.requests
    destination = EgressPolicy(REGISTRY).check(slug, request.url)
    assert (destination.scheme, destination.port) == ("https", 443)
    assert KEY not in repr(request)
    assert Secret(KEY) in request.secrets


def test_a_provider_that_does_not_answer_tells_nothing(verifier: KeyVerifier, upstream: FakeUpstream) -> None:
    started = time.monotonic()
    verdict = verify(verifier, upstream, "groq", answer({}, headers_after_seconds=30), seconds=0.1)
    assert verdict == Verdict(valid=None, reason="Groq did not answer in time. Try again later.")
    assert time.monotonic() - started < 5


def test_a_provider_that_stalls_in_the_answer_tells_nothing(verifier: KeyVerifier, upstream: FakeUpstream) -> None:
    stalling = Reply(framing="chunked", pieces=(b"{", b"}"), stall_after=1)
    assert verify(verifier, upstream, "groq", stalling, seconds=0.1).valid is None


def test_a_check_is_bounded_whatever_the_deadline(
    verifier: KeyVerifier, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ownkey.adapters.verification.VERIFICATION_SECONDS", 0.1)
    started = time.monotonic()
    assert verify(verifier, upstream, "groq", answer({}, headers_after_seconds=30), seconds=600).valid is None
    assert time.monotonic() - started < 5


def test_an_unreachable_endpoint_is_worth_a_look() -> None:
    def resolver(host: str, port: int) -> list[str]:
        raise OSError("no such host")

    transport = HttpTransport(EgressPolicy(REGISTRY, resolver=resolver))
    verifier = KeyVerifier(REGISTRY, transport)
    verdict = verifier.verify("azure", credential_of("azure"), model=None, deadline=DeadlineIn(5))
    assert verdict.valid is None
    assert verdict.reason is not None
    assert verdict.reason.endswith("Check the endpoint too.")


def test_a_very_long_list_of_models_proves_a_key(verifier: KeyVerifier, upstream: FakeUpstream) -> None:
    assert verify(verifier, upstream, "groq", answer({"data": ["x" * 1000] * 1000})).valid is True


def test_a_row_without_a_call_says_so() -> None:
    row = ProviderSpec(slug="quiet", name="Quiet", key_format=KeyFormat(), verification=None)
    verdict = KeyVerifier({"quiet": row}, Recorder()).verify(
        "quiet", credential_of("quiet"), model=None, deadline=DeadlineIn(5)
    )
    assert verdict.valid is None
    assert "Quiet has no call that proves a key" in str(verdict.reason)


STS_ANSWER = b"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::123456789012:user/a</Arn><UserId>AIDA</UserId><Account>123456789012</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""


def sts_error(code: str, status: int = 403) -> Reply:
    text = (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{KEY}</Message></Error></ErrorResponse>"
    )
    return answer(text.encode(), status, {"content-type": "text/xml"})


@pytest.mark.parametrize(
    ("reply", "valid"),
    [
        (answer(STS_ANSWER, headers={"content-type": "text/xml"}), True),
        (sts_error("InvalidClientTokenId"), False),
        (sts_error("SignatureDoesNotMatch"), False),
        (sts_error("ExpiredToken"), False),
        (sts_error("AccessDenied"), None),
        (sts_error("RegionDisabledException"), None),
        (sts_error("Throttling", 400), None),
        (sts_error("InternalFailure", 500), None),
        (openai_error("not an answer of STS", 404), None),
        (answer("not an answer of STS"), None),
        (html_error(502), None),
        (html_error(503), None),
        (raw(b"nonsense\r\n\r\n"), None),
    ],
)
def test_aws_keys_say_who_they_are(
    verifier: KeyVerifier, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch, reply: Reply, valid: bool | None
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "the-gateways-own")
    before = len(upstream.exchanges)
    assert verify(verifier, upstream, "aws", reply).valid is valid
    (exchange,) = upstream.exchanges[before:]
    assert b"Action=GetCallerIdentity" in exchange.body
    assert "/eu-central-1/sts/aws4_request" in exchange.headers["authorization"]
    assert "x-amz-security-token" not in exchange.headers


def test_temporary_aws_credentials_bring_their_token(verifier: KeyVerifier, upstream: FakeUpstream) -> None:
    upstream.on("", answer(STS_ANSWER, headers={"content-type": "text/xml"}))
    temporary = Credential(
        {**CREDENTIALS["aws"].secrets, "sessionToken": Secret("temporary-token")}, CREDENTIALS["aws"].settings
    )
    assert verifier.verify("aws", temporary, model=None, deadline=DeadlineIn(5)) == Verdict(valid=True)
    assert upstream.exchanges[-1].headers["x-amz-security-token"] == "temporary-token"


@pytest.mark.parametrize("region", ["", "us-east-1.evil.example#", "us-east-1/", "evil.example", "US-EAST-1"])
def test_a_region_that_is_none_never_becomes_a_host(region: str) -> None:
    credential = Credential(CREDENTIALS["aws"].secrets, {"region": region})
    verdict = KeyVerifier(REGISTRY, Recorder()).verify("aws", credential, model=None, deadline=DeadlineIn(5))
    assert verdict.valid is None
    assert "region" in str(verdict.reason)


def test_a_slow_sts_is_not_waited_for(verifier: KeyVerifier, upstream: FakeUpstream) -> None:
    started = time.monotonic()
    verdict = verify(verifier, upstream, "aws", answer(STS_ANSWER, headers_after_seconds=30), seconds=0.2)
    assert verdict.valid is None
    assert time.monotonic() - started < 5


def shown(upstream: FakeUpstream) -> list[str]:
    return [exchange.headers["authorization"] for exchange in upstream.exchanges]


def test_a_key_of_kagis_older_kind() -> None:
    deadline = DeadlineIn(5)
    with FakeUpstream() as upstream:
        overrides = upstream.base_urls("kagi")
        transport = HttpTransport(EgressPolicy(REGISTRY, overrides))
        verifier = KeyVerifier(REGISTRY, transport, overrides)
        upstream.on("kagi", answer({"error": [{"message": "Bad token"}]}, 401), answer({"data": {"search": []}}))
        assert verifier.verify("kagi", credential_of("kagi"), model=None, deadline=deadline).valid is True
        assert shown(upstream) == [f"Bearer {KEY}", f"Bot {KEY}"]
        upstream.on("kagi", answer({"error": [{"message": "Bad token"}]}, 401))
        assert verifier.verify("kagi", credential_of("kagi"), model=None, deadline=deadline).valid is False
        assert shown(upstream)[2:] == [f"Bearer {KEY}", f"Bot {KEY}"]
        transport.close()
