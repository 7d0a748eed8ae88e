"""Provider keys are stored sealed, whatever the provider says, and never come back."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from ownkey.adapters.registry import REGISTRY
from ownkey.adapters.verification import Verdict
from ownkey.api.schemas.provider_keys import AddProviderKeyBody
from ownkey.domain.audit import Actor
from ownkey.domain.errors import InvalidInputError, NotFoundError, RateLimitedError, VaultUnavailableError
from ownkey.services.provider_keys import ProviderKeysService
from ownkey.storage.audit import AuditTrail
from ownkey.storage.provider_keys import ProviderKeyRepository
from ownkey.storage.rate_limits import RateLimiter
from ownkey.vault.opening import KeyOpener
from ownkey.vault.sealing import KeySealer
from tests.support.provider_keys import (
    AZURE_KEY,
    USUAL_KEYS,
    Clock,
    FakeVerifier,
    Seconds,
    characters,
    secrets_of,
    with_secret,
)
from tests.support.tables import BOTO_ERRORS, EmulatedAws, emulated_aws

OWNER = "user#u-1"
ACTOR = Actor(user_id="u-1", source_ip="203.0.113.7")
TABLE = "ProviderKeys"
every_provider = pytest.mark.parametrize("slug", USUAL_KEYS)


class Desk:
    """The service on an AWS in this process, with a provider that answers as told."""

    def __init__(self, aws: EmulatedAws) -> None:
        self.aws = aws
        self.clock = Clock()
        self.verifier = FakeVerifier()
        self.repository = ProviderKeyRepository(aws.dynamodb, TABLE, BOTO_ERRORS)
        self.trail = AuditTrail(aws.dynamodb, "Accounts", BOTO_ERRORS, self.clock)
        ids = itertools.count(1)
        self.service = ProviderKeysService(
            repository=self.repository,
            records=self.trail,
            sealer=KeySealer(aws.kms, aws.kms_key_arn, BOTO_ERRORS),
            verifier=self.verifier,
            rate_limiter=RateLimiter(aws.dynamodb, TABLE, BOTO_ERRORS, self.clock),
            providers=REGISTRY,
            now=self.clock,
            new_id=lambda: f"key-{next(ids)}",
        )

    def add(self, provider: str = "openai", key: Any = USUAL_KEYS["openai"], **fields: Any) -> dict[str, Any]:
        body = AddProviderKeyBody.model_validate({"provider": provider, "key": key, **fields})
        return self.service.add(OWNER, ACTOR, body, Seconds()).to_json()

    def items(self) -> list[dict[str, Any]]:
        return self.aws.items(TABLE)

    def listed(self) -> list[dict[str, Any]]:
        keys: list[dict[str, Any]] = self.service.list(OWNER)["keys"]
        return keys

    def opened(self, provider: str) -> dict[str, str]:
        stored = self.repository.load_for_use(OWNER, provider)
        assert stored is not None
        credential = KeyOpener(self.aws.kms, self.aws.kms_key_arn, BOTO_ERRORS, monotonic=lambda: 0.0).open(stored)
        return {name: secret.reveal() for name, secret in credential.secrets.items()} | dict(credential.settings)


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as in_this_process:
        yield in_this_process


@pytest.fixture
def desk(aws: EmulatedAws) -> Desk:
    return Desk(aws.emptied())


def assert_unseen(desk: Desk, key: Any, *shown: object) -> None:
    for secret in secrets_of(key):
        assert secret not in repr(shown)
        assert secret.encode() not in repr(desk.items()).encode()


@every_provider
def test_a_key_of_any_provider_is_stored_sealed_and_listed_by_its_suffix(desk: Desk, slug: str) -> None:
    key = USUAL_KEYS[slug]
    added = desk.add(slug, key, name="work")
    suffix = secrets_of(key)[-1][-4:]

    assert added == {
        "success": True,
        "id": "key-1",
        "provider": slug,
        "key_suffix": suffix,
        "status": "active",
        "warnings": [],
    }
    assert desk.listed() == [
        {
            "id": "key-1",
            "provider": slug,
            "name": "work",
            "key_suffix": suffix,
            "status": "active",
            "created_at": "2026-11-23T12:00:00Z",
            "updated_at": "2026-11-23T12:00:00Z",
            "last_used_at": None,
            "last_error": None,
            "expires_at": None,
            "added_by": "u-1",
        }
    ]
    assert desk.opened(slug) == ({"apiKey": key} if isinstance(key, str) else key)
    assert_unseen(desk, key, added, desk.listed())


@every_provider
def test_a_surprising_key_is_stored_with_a_warning(desk: Desk, slug: str) -> None:
    key = with_secret(slug, "?!" * 20)
    added = desk.add(slug, key)

    assert (added["status"], added["key_suffix"], len(added["warnings"])) == ("active", "?!?!", 1)
    assert_unseen(desk, key, added)


@every_provider
def test_a_short_key_has_no_suffix(desk: Desk, slug: str) -> None:
    assert desk.add(slug, with_secret(slug, "shortkey123"))["key_suffix"] is None
    assert desk.listed()[0]["key_suffix"] is None


@every_provider
@pytest.mark.parametrize(
    "secret",
    [f"{characters(20)}\n{characters(20)}", f"{characters(20)}é", characters(4097), "", " "],
    ids=["newline", "non-ascii", "too-long", "empty", "blank"],
)
def test_a_key_that_cannot_be_one_is_refused_and_nothing_is_stored_or_asked(desk: Desk, slug: str, secret: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        desk.add(slug, with_secret(slug, secret))

    assert desk.items() == []
    assert desk.verifier.asked == []
    if secret.strip():
        assert characters(20) not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"


def test_a_key_that_the_provider_cannot_confirm_is_unverified_and_says_why(desk: Desk) -> None:
    desk.verifier.verdict = Verdict(valid=None, reason="OpenAI did not answer in time.")

    added = desk.add()

    assert added["status"] == desk.listed()[0]["status"] == "unverified"
    assert added["warnings"] == [
        "The key could not be confirmed, so it is stored as unverified. OpenAI did not answer in time."
    ]


def test_a_key_that_the_provider_rejects_is_stored_too_with_a_warning(desk: Desk) -> None:
    desk.verifier.verdict = Verdict(valid=False, reason="OpenAI does not accept this key.")

    added = desk.add()

    assert added["status"] == desk.listed()[0]["status"] == "unverified"
    assert "rejected" in added["warnings"][0]
    assert desk.opened("openai")["apiKey"] == USUAL_KEYS["openai"]


def test_the_provider_is_asked_with_the_checked_key_and_the_time_that_is_left(desk: Desk) -> None:
    desk.add("azure", {**AZURE_KEY, "endpoint": AZURE_KEY["endpoint"] + "/openai/v1/"})

    [(provider, credential, model, seconds)] = desk.verifier.asked
    assert (provider, model) == ("azure", None)
    assert credential.settings["endpoint"] == AZURE_KEY["endpoint"]
    assert seconds == Seconds().seconds


def test_a_replaced_key_is_a_new_key(desk: Desk) -> None:
    desk.add(name="old", expires_at="2027-01-01T00:00:00Z")
    before = desk.items()
    desk.clock.forward(hours=1)
    desk.add(key="sk-" + characters(48, seed="new"))

    [key] = desk.listed()
    assert (key["id"], key["created_at"], key["name"]) == ("key-2", "2026-11-23T13:00:00Z", None)
    assert key["expires_at"] is None
    assert desk.opened("openai") == {"apiKey": "sk-" + characters(48, seed="new")}
    ciphertexts = [item["ciphertext"]["B"] for item in [*before, *desk.items()] if "ciphertext" in item]
    assert len(set(ciphertexts)) == 2


def test_a_ciphertext_opens_for_its_own_row_only(desk: Desk) -> None:
    desk.add()
    row = next(item for item in desk.items() if "ciphertext" in item)
    for moved in ({"pk": {"S": "user#thief"}}, {"sk": {"S": "provider#groq"}}, {"key_id": {"S": "key-9"}}):
        desk.aws.dynamodb.put_item(TableName=TABLE, Item={**row, **moved})
        owner, provider = ({**row, **moved}[name]["S"] for name in ("pk", "sk"))
        stored = desk.repository.load_for_use(owner, provider.removeprefix("provider#"))
        assert stored is not None
        with pytest.raises(VaultUnavailableError):
            KeyOpener(desk.aws.kms, desk.aws.kms_key_arn, BOTO_ERRORS, monotonic=lambda: 0.0).open(stored)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        (" 2027-01-01T01:00:00+01:00 ", "2027-01-01T00:00:00Z"),
        ("2026-11-23T12:00:01+00:00", "2026-11-23T12:00:01Z"),
    ],
)
def test_an_expiry_date_is_kept_in_utc(desk: Desk, given: str, stored: str) -> None:
    desk.add(expires_at=given)
    assert desk.listed()[0]["expires_at"] == stored


@pytest.mark.parametrize(
    "wrong",
    [
        "", "soon", "2027-01-01", "2027-01-01T00:00:00", "2026-11-23T12:00:00Z", "2020-01-01T00:00:00Z",
        "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00", "2027-13-01T00:00:00Z",
    ],
)  # fmt: skip
def test_an_expiry_date_must_be_a_moment_to_come(desk: Desk, wrong: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        desk.add(expires_at=wrong)
    assert caught.value.field == "expires_at"
    assert desk.items() == []


@pytest.mark.parametrize(
    ("given", "stored"), [("  work  ", "work"), ("", None), ("  ", None), ("Größe 🔑", "Größe 🔑")]
)
def test_a_name_is_trimmed(desk: Desk, given: str, stored: str | None) -> None:
    desk.add(name=given)
    assert desk.listed()[0]["name"] == stored


@pytest.mark.parametrize("wrong", ["two\nlines", "tab\there", f"my {USUAL_KEYS['openai']}"])
def test_a_name_is_one_line_and_not_the_key(desk: Desk, wrong: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        desk.add(name=wrong)
    assert caught.value.field == "name"
    assert wrong not in caught.value.message
    assert desk.items() == []


@pytest.mark.parametrize(
    ("slug", "named"),
    [("opanai", "openai"), ("OpenAI", "openai"), ("azure_responses", "azure-responses"), ("?", "zai")],
)
def test_an_unknown_provider_is_refused_naming_the_nearest(desk: Desk, slug: str, named: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        desk.add(slug)
    assert caught.value.field == "provider"
    assert named in caught.value.message


def test_a_key_sent_as_the_provider_is_not_echoed(desk: Desk) -> None:
    with pytest.raises(InvalidInputError) as caught:
        desk.add(str(USUAL_KEYS["openai"]))
    assert str(USUAL_KEYS["openai"]) not in caught.value.message


def test_every_provider_is_described_for_a_form(desk: Desk) -> None:
    described = {provider["slug"]: provider for provider in desk.service.list(OWNER)["providers"]}

    assert list(described) == list(REGISTRY)
    assert len(described) == 27
    assert sum(provider["kind"] == "search" for provider in described.values()) == 5
    for slug, provider in described.items():
        assert list(provider) == ["slug", "name", "kind", "key_format", "docs_url"]
        assert provider["docs_url"].startswith("https://"), slug
        assert provider["key_format"]["hint"], slug
    assert described["openai"]["key_format"]["type"] == "string"
    assert [field["name"] for field in described["aws"]["key_format"]["fields"] if field["secret"]] == [
        "accessKeyId",
        "secretAccessKey",
        "sessionToken",
    ]
    assert {"name": "sessionToken", "required": False, "secret": True} in described["aws"]["key_format"]["fields"]
    json.dumps(described)


def test_a_deleted_key_is_gone_ciphertext_and_all(desk: Desk) -> None:
    desk.add()
    desk.service.delete(OWNER, "openai", ACTOR)

    assert desk.listed() == []
    assert not any("ciphertext" in item for item in desk.items())


def test_deleting_what_is_not_there_is_not_found(desk: Desk) -> None:
    desk.add()
    with pytest.raises(NotFoundError):
        desk.service.delete(OWNER, "groq", ACTOR)
    with pytest.raises(NotFoundError):
        desk.service.delete("user#other", "openai", ACTOR)
    assert len(desk.listed()) == 1


def test_deleting_at_an_unknown_provider_is_a_wrong_field(desk: Desk) -> None:
    with pytest.raises(InvalidInputError):
        desk.service.delete(OWNER, "opanai", ACTOR)


def test_another_owner_sees_nothing(desk: Desk) -> None:
    desk.add()
    assert desk.service.list("user#other")["keys"] == []


def test_five_writes_a_minute_adds_and_deletes_together(desk: Desk) -> None:
    for _ in range(2):
        desk.add()
        desk.service.delete(OWNER, "openai", ACTOR)
    desk.add()
    with pytest.raises(RateLimitedError) as caught:
        desk.service.delete(OWNER, "openai", ACTOR)
    with pytest.raises(RateLimitedError):
        desk.add("groq", USUAL_KEYS["groq"])

    assert 0 < caught.value.retry_after_seconds <= 60
    assert len(desk.verifier.asked) == 3
    assert [key["provider"] for key in desk.listed()] == ["openai"]
    desk.clock.forward(minutes=1)
    desk.service.delete(OWNER, "openai", ACTOR)


def test_a_refused_body_counts_as_no_write(desk: Desk) -> None:
    for _ in range(7):
        with pytest.raises(InvalidInputError):
            desk.add(key="two words")
    assert desk.add()["success"] is True


def test_who_stored_and_deleted_a_key_is_on_record_without_the_key(desk: Desk) -> None:
    desk.add()
    desk.clock.forward(seconds=1)
    desk.service.delete(OWNER, "openai", ACTOR)
    with pytest.raises(NotFoundError):
        desk.service.delete(OWNER, "openai", ACTOR)
    records, _ = desk.trail.page(OWNER, limit=10)
    assert [(record.action, record.target, record.actor) for record in records] == [
        ("provider_key.deleted", "openai", ACTOR),
        ("provider_key.stored", "openai", ACTOR),
    ]
    assert str(USUAL_KEYS["openai"])[-12:] not in str(desk.aws.items("Accounts"))
