"""The public catalog of the deployed template: the official OpenAI client, plain HTTP, and the role behind both."""

import http.client
import json
from urllib.parse import urlsplit

import openai
import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.integration

SONNET = "anthropic/claude-sonnet-4.5"
UNKNOWN_KEY = f"ok-{'1' * 16}-{'1' * 43}"


def get(stack, path, **headers):
    """Return status, headers and body of a request whose path goes out as it is written here."""
    connection = http.client.HTTPConnection(urlsplit(stack.base_url).netloc, timeout=30)
    try:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def got(stack, path, **headers):
    status, _, body = get(stack, path, **headers)
    return status, json.loads(body)


@pytest.fixture
def client(stack):
    with openai.OpenAI(
        base_url=f"{stack.base_url}/api/v1", api_key=stack.gateway_key, max_retries=0, timeout=30
    ) as made:
        yield made


def test_the_openai_client_lists_models(client):
    listed = client.models.list().data
    assert len(listed) > 400
    assert {model.owned_by for model in listed} >= {"openai", "anthropic", "google"}
    assert all(isinstance(model.created, int) for model in listed)


@pytest.mark.parametrize(
    ("name", "canonical"), [(SONNET, SONNET), ("claude-sonnet-4-5", SONNET), ("gpt-4.1", "openai/gpt-4.1")]
)
def test_the_openai_client_retrieves_a_model_by_any_name(client, name, canonical):
    assert client.models.retrieve(name).id == canonical


def test_the_openai_client_hears_of_the_nearest_names(client):
    with pytest.raises(openai.NotFoundError, match=r"anthropic/claude-sonnet-4\.5") as caught:
        client.models.retrieve("anthropic/claude-sonet-4.5")
    assert caught.value.code == "model_not_found"


@pytest.mark.parametrize("written", [SONNET, SONNET.replace("/", "%2F")])
def test_slashes_of_an_id_may_be_encoded(stack, written):
    status, model = got(stack, f"/api/v1/models/{written}?detailed=true")
    assert (status, model["id"], model["context_length"]) == (200, SONNET, 200_000)
    status, running = got(stack, f"/api/models/{written}/providers")
    assert (status, running["canonicalId"], running["supportsProviderSelection"]) == (200, SONNET, True)
    assert running["providers"][0]["provider"] == "anthropic"
    assert running["defaultPrice"] == running["providers"][0]["pricing"]


def test_anybody_may_look_and_keep_what_they_saw(stack):
    status, headers, body = get(stack, "/api/v1/models?detailed=true", Authorization=f"Bearer {UNKNOWN_KEY}")
    assert status == 200
    assert headers["Cache-Control"].startswith("public, max-age=")
    assert headers["x-request-id"]
    assert all("context_length" in model for model in json.loads(body)["data"])

    status, again, body = get(stack, "/api/v1/models?detailed=true", If_None_Match=headers["ETag"])
    assert (status, again["ETag"], body) == (304, headers["ETag"], b"")
    assert again["x-request-id"] != headers["x-request-id"]


@pytest.mark.parametrize(
    ("headers", "code"),
    [({}, "missing_api_key"), ({"Authorization": f"Bearer {UNKNOWN_KEY}"}, "invalid_api_key")],
)
def test_ones_own_models_need_a_credential(stack, headers, code):
    status, body = got(stack, "/api/v1/models?byok=true", **headers)
    assert (status, body["error"]["code"]) == (401, code)


def test_a_stored_key_brings_its_models_at_once(stack, client):
    def own():
        return {model.id for model in client.models.list(extra_query={"byok": "true"}).data}

    before = own()
    stack.store_provider_key("groq", "gsk_integration-0123456789")
    assert "openai/gpt-oss-120b" in own()
    assert own() >= before

    status, headers, _ = get(stack, "/api/v1/models?byok=true", x_api_key=stack.gateway_key)
    assert (status, headers["Cache-Control"], headers["ETag"]) == (200, "no-store", None)


def test_a_person_who_is_signed_in_sees_theirs_too(stack):
    stack.store_provider_key("groq", "gsk_integration-0123456789")
    said = {name: stack.first_run[name] for name in ("email", "password")}
    connection = http.client.HTTPConnection(urlsplit(stack.base_url).netloc, timeout=30)
    connection.request("POST", "/api/session", json.dumps(said), {"Content-Type": "application/json"})
    cookie = connection.getresponse().headers["Set-Cookie"].partition(";")[0]
    connection.close()

    status, body = got(stack, "/api/v1/models?byok=true", Cookie=cookie)
    assert status == 200
    assert "openai/gpt-oss-120b" in {model["id"] for model in body["data"]}


def test_the_functions_role_reads_keys_without_their_ciphertext_and_in_no_other_way(stack):
    dynamodb = stack.role_client("ModelsFunction", "dynamodb")
    asked = {
        "TableName": stack.outputs["ProviderKeysTableName"],
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "user#iam"}},
    }
    dynamodb.query(**asked, Select="SPECIFIC_ATTRIBUTES", ProjectionExpression="pk,sk,key_suffix")
    for refused in ({}, {"Select": "ALL_ATTRIBUTES"}, {"ProjectionExpression": "pk,ciphertext"}):
        with pytest.raises(ClientError, match="AccessDenied"):
            dynamodb.query(**asked, **refused)
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.get_item(
            TableName=asked["TableName"],
            Key={"pk": {"S": "user#iam"}, "sk": {"S": "provider#openai"}},
            ProjectionExpression="pk",
        )
