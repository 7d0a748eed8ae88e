import json
import traceback
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ownkey.adapters.credentials import MAX_BYTES, parse_credential, reduce_endpoint
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.errors import InvalidInputError
from tests.support.provider_keys import (
    AWS_KEY,
    AZURE_KEY,
    FOUNDRY_KEY,
    JSON,
    PLAIN,
    USUAL_KEYS,
    characters,
    secrets_of,
    with_secret,
)

AZURE_SUFFIXES = (".openai.azure.com", ".services.ai.azure.com", ".cognitiveservices.azure.com")
AZURE_SLUGS = ("azure", "azure-responses", "azure-anthropic-foundry")
every_provider = pytest.mark.parametrize("slug", USUAL_KEYS)


def refusal(slug: str, key: str | dict[str, Any]) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as caught:
        parse_credential(REGISTRY[slug], key)
    return caught.value


def shown_by(error: BaseException) -> str:
    """Everything that a log, a debugger or a caller could read from an exception and its chain."""
    texts = traceback.format_exception(error)
    seen: BaseException | None = error
    while seen is not None:
        texts += [repr(seen), str(seen), repr(getattr(seen, "__dict__", {})), str(getattr(seen, "doc", ""))]
        seen = seen.__cause__ or seen.__context__
    return "\n".join(texts)


def outcome(slug: str, key: str | dict[str, Any]) -> str:
    """What can be seen of parsing `key`, whichever way it goes."""
    try:
        return repr(parse_credential(REGISTRY[slug], key))
    except InvalidInputError as error:
        return shown_by(error)


def test_every_slug_of_the_contract_has_a_row_and_a_usual_key() -> None:
    assert set(REGISTRY) == set(USUAL_KEYS)
    assert len(PLAIN) + len(JSON) == 27
    assert {slug for slug in USUAL_KEYS if REGISTRY[slug].key_format.is_json} == set(JSON)


@every_provider
def test_a_usual_key_has_no_warning(slug: str) -> None:
    parsed = parse_credential(REGISTRY[slug], USUAL_KEYS[slug])

    assert parsed.warnings == ()
    assert {secret.reveal() for secret in parsed.credential.secrets.values()} == set(secrets_of(USUAL_KEYS[slug]))


@every_provider
def test_a_surprising_key_is_a_warning_and_no_refusal(slug: str) -> None:
    parsed = parse_credential(REGISTRY[slug], with_secret(slug, "?!" * 20))

    assert len(parsed.warnings) == 1
    assert "?!" not in parsed.warnings[0]
    assert parsed.credential.suffix == "?!?!"


@every_provider
@pytest.mark.parametrize("length", [1, 11, 12])
def test_a_short_key_is_kept_and_its_suffix_shown_from_twelve_characters_on(slug: str, length: int) -> None:
    parsed = parse_credential(REGISTRY[slug], with_secret(slug, "k" * length))

    assert parsed.credential.suffix == ("kkkk" if length == 12 else None)


@every_provider
def test_white_space_around_a_key_is_trimmed(slug: str) -> None:
    usual = USUAL_KEYS[slug]
    padded = f" \t{usual}\r\n" if isinstance(usual, str) else {name: f" {value}\n" for name, value in usual.items()}

    assert parse_credential(REGISTRY[slug], padded) == parse_credential(REGISTRY[slug], usual)


@every_provider
@pytest.mark.parametrize("inside", ["\n", "\r\n", " ", "\t", "\x00", "\x7f", "\x1b", "é", "\u2028", "\ud800", "…"])
def test_a_key_with_such_a_character_inside_is_refused_unseen(slug: str, inside: str) -> None:
    secret = f"{characters(20)}{inside}{characters(20, seed='second')}"

    error = refusal(slug, with_secret(slug, secret))

    assert error.field is not None
    assert error.field.startswith("key")
    for half in secret.split(inside):
        assert half not in shown_by(error)


@every_provider
@pytest.mark.parametrize("empty", ["", "   ", "\n\t"])
def test_an_empty_key_is_refused(slug: str, empty: str) -> None:
    assert refusal(slug, with_secret(slug, empty)).field in ("key", "key.apiKey", "key.secretAccessKey")


@every_provider
@pytest.mark.parametrize("length", [MAX_BYTES + 1, 100_000])
def test_a_key_over_the_limit_is_refused(slug: str, length: int) -> None:
    error = refusal(slug, with_secret(slug, "k" * length))

    assert "4,096" in error.message
    assert "kkkk" not in shown_by(error)


@pytest.mark.parametrize("slug", JSON)
@pytest.mark.parametrize("wrong", ["not JSON", "[]", '"text"', "12", "null", "", "{", "[" * 4096, '{"apiKey": "sk-1'])
def test_a_json_provider_refuses_other_text_and_names_its_fields(slug: str, wrong: str) -> None:
    error = refusal(slug, wrong)

    for name in USUAL_KEYS[slug]:
        assert name in error.message
    assert "sk-1" not in shown_by(error)


@pytest.mark.parametrize("slug", PLAIN)
@pytest.mark.parametrize("as_text", [True, False])
def test_a_plain_provider_refuses_an_object_and_says_what_to_send(slug: str, *, as_text: bool) -> None:
    key = {"apiKey": USUAL_KEYS[slug]}

    error = refusal(slug, json.dumps(key) if as_text else key)

    assert "plain string" in error.message
    assert str(USUAL_KEYS[slug]) not in shown_by(error)


@pytest.mark.parametrize("slug", JSON)
def test_a_string_of_json_is_as_good_as_the_object(slug: str) -> None:
    text = json.dumps(USUAL_KEYS[slug], indent=2)

    assert parse_credential(REGISTRY[slug], text) == parse_credential(REGISTRY[slug], USUAL_KEYS[slug])


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        (slug, name)
        for slug in JSON
        for name in REGISTRY[slug].key_format.fields
        if name not in REGISTRY[slug].key_format.optional_fields
    ],
)
@pytest.mark.parametrize("left_out", ["absent", None, "", " "])
def test_a_missing_field_is_named(slug: str, name: str, left_out: str | None) -> None:
    key = dict(USUAL_KEYS[slug])  # type: ignore[arg-type]
    key[name] = left_out
    if left_out == "absent":
        del key[name]

    error = refusal(slug, key)

    assert error.message.startswith(f"{name} is missing")
    assert error.field == f"key.{name}"


@pytest.mark.parametrize("slug", JSON)
def test_an_unknown_field_is_named(slug: str) -> None:
    assert "api_key is not one of the fields" in refusal(slug, {**USUAL_KEYS[slug], "api_key": "x"}).message  # type: ignore[dict-item]


@pytest.mark.parametrize("slug", JSON)
def test_an_unknown_field_that_could_be_a_key_is_not_named(slug: str) -> None:
    secret = characters(24) + "7"

    assert secret not in shown_by(refusal(slug, {secret: "x"}))


@pytest.mark.parametrize("slug", JSON)
@pytest.mark.parametrize("value", [1, True, ["x"], {"x": "y"}])
def test_a_field_that_is_no_string_is_named(slug: str, value: object) -> None:
    name = next(iter(USUAL_KEYS[slug]))

    assert f"{name} must be a string" in refusal(slug, {**USUAL_KEYS[slug], name: value}).message  # type: ignore[dict-item]


def test_a_pasted_bearer_value_says_to_leave_the_word_out() -> None:
    assert "without the word Bearer" in refusal("openai", "Bearer sk-" + characters(40)).message


def test_all_fields_together_must_fit_what_is_sealed() -> None:
    token = characters(MAX_BYTES - 200)
    fits = parse_credential(REGISTRY["aws"], {**AWS_KEY, "sessionToken": token})

    assert len(fits.credential.to_sealable().encode()) <= MAX_BYTES
    assert "4,096" in refusal("aws", {**AWS_KEY, "sessionToken": token + "t" * 150}).message


@pytest.mark.parametrize("slug", JSON)
def test_a_string_of_json_over_the_limit_is_refused_unread(slug: str) -> None:
    assert "4,096" in refusal(slug, json.dumps(USUAL_KEYS[slug]) + " " * MAX_BYTES).message


def test_temporary_aws_credentials_need_their_session_token() -> None:
    temporary = {**AWS_KEY, "accessKeyId": "ASIA" + characters(16, "ABCDEF")}

    assert refusal("aws", temporary).field == "key.sessionToken"
    assert parse_credential(REGISTRY["aws"], {**temporary, "sessionToken": characters(1200)}).warnings == ()


@pytest.mark.parametrize("region", ["us-east-1", "us-gov-west-1", "ap-southeast-7", "mx-central-1"])
def test_real_regions_are_taken(region: str) -> None:
    assert parse_credential(REGISTRY["aws"], {**AWS_KEY, "region": region}).credential.settings == {"region": region}


@pytest.mark.parametrize("region", ["us-east-9", "moon-1", "us-east-1.evil.example#", "evil.example/", "eu-west-1a"])
def test_regions_that_are_none_are_refused(region: str) -> None:
    assert refusal("aws", {**AWS_KEY, "region": region}).field == "key.region"


@pytest.mark.parametrize("suffix", AZURE_SUFFIXES)
@pytest.mark.parametrize(
    "rest",
    [
        "", "/", ":443", ":443/", "/openai", "/openai/", "/openai/v1", "/openai/v1/", "/openai/v1/responses",
        "/openai/responses?api-version=2025-04-01-preview", "/openai/v1/chat/completions",
        "/openai/deployments/gpt/chat/completions?api-version=2024-10-21", "/api/projects/my-project", "/anthropic",
        "/anthropic/v1/messages", "?api-version=1",
    ],
)  # fmt: skip
def test_a_full_azure_url_is_reduced_to_its_host(suffix: str, rest: str) -> None:
    given_endpoint = f"https://my-resource{suffix}{rest}"
    parsed = parse_credential(REGISTRY["azure"], {**AZURE_KEY, "endpoint": given_endpoint})

    assert parsed.credential.settings["endpoint"] == f"https://my-resource{suffix}"
    assert parsed.warnings == ()


def test_the_host_of_an_azure_url_is_written_small() -> None:
    assert (
        reduce_endpoint("HTTPS://My-Resource.OpenAI.Azure.com", AZURE_SUFFIXES)
        == "https://my-resource.openai.azure.com"
    )


NOT_AZURE = [
    "http://a.openai.azure.com", "a.openai.azure.com", "//a.openai.azure.com", "ftp://a.openai.azure.com",
    "https://a.openai.azure.com:8443", "https://a.openai.azure.com:", "https://a.openai.azure.com:443@evil.example",
    "https://user:pass@a.openai.azure.com", "https://a.openai.azure.com@evil.example", "https://evil.example#.openai.azure.com",
    "https://evil.example/.openai.azure.com", "https://evil.example?.openai.azure.com", "https://evil.example\\.openai.azure.com",
    "https://evil.example%23.openai.azure.com", "https://a.b.openai.azure.com", "https://.openai.azure.com",
    "https://openai.azure.com", "https://-a.openai.azure.com", "https://a_b.openai.azure.com", "https://a.openai.azure.com.",
    "https://a.openai.azure.com.evil.example", "https://evilopenai.azure.com", "https://a.azure.com", "https://a.openai.azure.us",
    "https://127.0.0.1", "https://[::1]", "https://[::1].openai.azure.com", "https://169.254.169.254/", "https://localhost",
    "https://" + "a" * 64 + ".openai.azure.com", "https://a.openai.azure.com/openai#x", "https://a.openai.azure.com/%2e%2e",
    "https:/a.openai.azure.com", "https:///a.openai.azure.com", "https://a.openai.azure.com,evil.example",
]  # fmt: skip


@pytest.mark.parametrize("slug", AZURE_SLUGS)
@pytest.mark.parametrize("endpoint", NOT_AZURE)
def test_other_endpoints_are_refused_unseen(slug: str, endpoint: str) -> None:
    error = refusal(slug, {**USUAL_KEYS[slug], "endpoint": endpoint})  # type: ignore[dict-item]

    assert error.field == "key.endpoint"
    assert endpoint not in error.message.replace("https://<name>", "")


@pytest.mark.parametrize(
    "endpoint",
    ["https://\u0440.openai.azure.com", "https://a\u3002openai.azure.com", "https://\u017f.openai.azure.com"],
)
def test_endpoints_in_other_alphabets_are_refused(endpoint: str) -> None:
    assert refusal("azure", {**AZURE_KEY, "endpoint": endpoint}).field == "key.endpoint"


@pytest.mark.parametrize("suffix", [".openai.azure.com", ".cognitiveservices.azure.com"])
def test_foundry_endpoints_are_under_one_suffix_only(suffix: str) -> None:
    key = {**FOUNDRY_KEY, "endpoint": f"https://my-resource{suffix}"}

    assert ".services.ai.azure.com" in refusal("azure-anthropic-foundry", key).message


@pytest.mark.parametrize("rest", ["", "/", "/anthropic", "/anthropic/", "/anthropic/v1", "/anthropic/v1/messages"])
def test_foundry_endpoints_are_reduced_too(rest: str) -> None:
    key = {**FOUNDRY_KEY, "endpoint": FOUNDRY_KEY["endpoint"] + rest}

    assert parse_credential(REGISTRY["azure-anthropic-foundry"], key).credential.settings == {
        "endpoint": FOUNDRY_KEY["endpoint"]
    }


def test_what_the_endpoint_says_fills_in_for_missing_fields() -> None:
    endpoint = "https://my-resource.openai.azure.com/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"

    from_url = parse_credential(REGISTRY["azure"], {"endpoint": endpoint, "apiKey": AZURE_KEY["apiKey"]})
    said = parse_credential(REGISTRY["azure"], {**AZURE_KEY, "endpoint": endpoint, "apiVersion": "v1"})

    assert from_url.credential.settings["deploymentName"] == "gpt-4o"
    assert from_url.credential.settings["apiVersion"] == "2024-10-21"
    assert said.credential.settings["deploymentName"] == AZURE_KEY["deploymentName"]
    assert said.credential.settings["apiVersion"] == "v1"


@pytest.mark.parametrize("deployment", ["..", ".", "a/b", "a?b", "a%2Fb", "x" * 65, "a@b", "a:b"])
def test_deployment_names_that_would_bend_the_url_are_refused(deployment: str) -> None:
    assert refusal("azure", {**AZURE_KEY, "deploymentName": deployment}).field == "key.deploymentName"


@pytest.mark.parametrize("version", ["2024-10-21&x=y", "1.0", "2024-10", "2024-10-21-beta", "latest?", "v2"])
def test_api_versions_that_would_bend_the_url_are_refused(version: str) -> None:
    assert refusal("azure-responses", {**AZURE_KEY, "deploymentName": None, "apiVersion": version}).field in (
        "key",
        "key.apiVersion",
    )
    assert refusal("azure", {**AZURE_KEY, "apiVersion": version}).field == "key.apiVersion"


@pytest.mark.parametrize("version", ["2024-10-21", "2024-12-01-preview", "v1", "preview", "latest"])
def test_api_versions_of_azure_are_taken(version: str) -> None:
    assert parse_credential(REGISTRY["azure"], {**AZURE_KEY, "apiVersion": version}).warnings == ()


# fmt: off
ENDPOINT_PIECES = st.sampled_from([
    "https://", "http://", "//", "a", "my-resource", "evil.example", "127.0.0.1", "169.254.169.254", ".", "@", ":", "#",
    "?", "/", "\\", "%", ":443", ":80", " ", "\n", "\u3002", "\uff0e", "[::1]", "user:", "openai.azure.com",
    *AZURE_SUFFIXES,
])
# fmt: on


@given(endpoint=st.lists(ENDPOINT_PIECES, max_size=7).map("".join) | st.text())
@example(endpoint="https://a.openai.azure.com\n")
def test_no_accepted_endpoint_leaves_azure(endpoint: str) -> None:
    try:
        parsed = parse_credential(REGISTRY["azure"], {**AZURE_KEY, "endpoint": endpoint})
    except InvalidInputError:
        return

    reduced = urlsplit(parsed.credential.settings["endpoint"])
    assert reduced.scheme == "https"
    assert reduced.hostname is not None
    assert reduced.netloc == reduced.hostname
    name = next(reduced.hostname.removesuffix(suffix) for suffix in AZURE_SUFFIXES if reduced.hostname.endswith(suffix))
    assert "." not in name
    assert (reduced.path, reduced.query, reduced.fragment) == ("", "", "")


@given(slug=st.sampled_from(sorted(USUAL_KEYS)), noise=st.text(), secret=st.just(characters(32)))
def test_no_message_ever_holds_the_secret(slug: str, noise: str, secret: str) -> None:
    for key in (secret + noise, noise + secret, with_secret(slug, secret + noise), {secret + noise: noise}):
        assert secret not in outcome(slug, key)
