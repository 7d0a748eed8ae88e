import asyncio

import pytest

from local.emulator_guard import guard

ROOT_KEY = "LOCALROOT0123456789abcdef"
COGNITO = b"AWSCognitoIdentityProviderService.InitiateAuth"
DYNAMODB = b"DynamoDB_20120810.ListTables"


def signed(key, service="dynamodb"):
    scope = f"Credential={key}/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=00ff"
    return f"AWS4-HMAC-SHA256 {scope}".encode()


def call(*, authorization=None, target=b"", method="POST", query=b"", kind="http"):
    """Return whether the emulator was reached, what it saw of the query, and which calls were noted."""
    reached: list[bytes | None] = []
    noted: list[bytes] = []
    sent = []

    async def application(scope, receive, send):
        reached.append(scope.get("query_string"))

    async def send(message):
        sent.append(message)

    async def receive():
        raise AssertionError("nobody reads")

    async def run():
        await guard(application, ROOT_KEY.encode(), noted.append)(scope, receive, send)

    headers = [(b"host", b"127.0.0.1")]
    headers += [(b"authorization", authorization)] if authorization is not None else []
    headers += [(b"x-amz-target", target)] if target else []
    scope = {"type": kind, "method": method, "headers": headers, "query_string": query}
    asyncio.run(run())
    return bool(reached), (reached or [None])[0], noted


@pytest.mark.parametrize("key", [ROOT_KEY, "ASIAEXAMPLE", "AKIAEXAMPLE"])
def test_keys_that_were_given_out_pass(key):
    assert call(authorization=signed(key), target=DYNAMODB)[0]


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        b"",
        b"Bearer x",
        signed("test"),
        signed("000000000000"),
        signed(ROOT_KEY.lower()),
        signed("ASIAEXAMPLE") + b", Credential=test/20260101/us-east-1/dynamodb/aws4_request",
        b"AWS test:signature",
    ],
)
def test_everybody_else_is_refused(authorization):
    assert call(authorization=authorization, target=DYNAMODB) == (False, None, [])


def test_signing_in_needs_no_signature():
    assert call(target=COGNITO)[0]


def test_an_administrators_call_needs_one_all_the_same():
    assert not call(target=b"AWSCognitoIdentityProviderService.AdminSetUserPassword")[0]


def test_a_forged_signature_does_not_hide_behind_signing_in():
    assert not call(authorization=signed("test"), target=COGNITO)[0]


def test_no_other_key_slips_in_through_the_query():
    query = b"Action=X&X-Amz-Credential=test%2F2026&AWSAccessKeyId=test&x-amz-algorithm=AWS4-HMAC-SHA256&Version=1"

    assert call(authorization=signed(ROOT_KEY), query=query)[1] == b"Action=X&Version=1"


@pytest.mark.parametrize(
    ("method", "service", "noted"), [("POST", "dynamodb", [DYNAMODB]), ("GET", "s3", []), ("POST", "sts", [])]
)
def test_calls_that_may_change_something_are_noted(method, service, noted):
    assert call(authorization=signed(ROOT_KEY, service), target=DYNAMODB, method=method)[2] == noted


def test_web_sockets_are_not_served():
    assert not call(authorization=signed(ROOT_KEY), kind="websocket")[0]
