import json
import time

import pytest

from ownkey.runtime.client import Invocation
from ownkey.runtime.context import Context
from ownkey.runtime.failures import RuntimeFaultError

HEADERS = {
    "lambda-runtime-aws-request-id": "id-1",
    "lambda-runtime-deadline-ms": "1000500",
    "lambda-runtime-invoked-function-arn": "arn:function",
}


def build(environment=None, **headers):
    named = {f"lambda-runtime-{name.replace('_', '-')}": value for name, value in headers.items()}
    return Context(Invocation(HEADERS | named, b""), environment or {})


def test_a_handler_learns_that_it_may_stream():
    assert build().streams_responses is True


def test_the_function_is_described_from_lambdas_environment():
    context = build({"AWS_LAMBDA_FUNCTION_NAME": "Chat", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769"})
    assert (context.function_name, context.memory_limit_in_mb, context.function_version) == ("Chat", "1769", None)
    assert (context.aws_request_id, context.invoked_function_arn) == ("id-1", "arn:function")


@pytest.mark.parametrize(("now", "left_ms"), [(1000.0, 500), (1000.4999, 1), (1000.5, 0), (2000.0, 0)])
def test_the_remaining_time_ends_at_the_deadline_and_is_never_negative(monkeypatch, now, left_ms):
    monkeypatch.setattr(time, "time", lambda: now)
    assert build().get_remaining_time_in_millis() == left_ms


def test_the_caller_is_described_when_it_said_who_it_is():
    context = build(
        client_context=json.dumps(
            {"custom": {"a": 1}, "client": {"app_title": "Shop"}, "w3c": {"baggage": "b", "x": "y"}}
        ),
        cognito_identity=json.dumps({"cognitoIdentityId": "me"}),
        aws_tenant_id="tenant",
    )
    assert context.client_context is not None
    assert context.client_context.client is not None
    assert context.client_context.client.app_title == "Shop"
    assert (context.client_context.custom, context.client_context.env) == ({"a": 1}, None)
    assert (context.identity.cognito_identity_id, context.identity.cognito_identity_pool_id) == ("me", None)
    assert context.tenant_id == "tenant"
    assert context.w3c() == {"baggage": "b"}


def test_a_caller_who_said_nothing_is_nobody():
    context = build()
    assert context.client_context is None
    assert context.identity.cognito_identity_id is None
    assert context.w3c() == {}


@pytest.mark.parametrize(
    ("header", "name"), [("client_context", "Client Context"), ("cognito_identity", "Cognito Identity")]
)
def test_an_unreadable_description_of_the_caller_is_lambdas_error(header, name):
    with pytest.raises(RuntimeFaultError, match=f"Unable to parse {name} JSON") as caught:
        build(**{header: "{"})
    assert caught.value.error_type == "Runtime.LambdaContextUnmarshalError"


def test_what_a_handler_logs_through_its_context_is_written_as_it_is(capsys):
    build().log("as it is")
    assert capsys.readouterr().out == "as it is"
