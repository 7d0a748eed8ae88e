"""A key is tried with its provider, and what the provider says of a stored one is noted with it."""

from collections.abc import Iterator
from typing import Any

import pytest

from ownkey.adapters.credentials import parse_credential
from ownkey.adapters.registry import REGISTRY
from ownkey.adapters.verification import Verdict
from ownkey.api.schemas.provider_keys import ValidateProviderKeyBody
from ownkey.domain.dates import iso_utc
from ownkey.domain.errors import InvalidInputError, NotFoundError, RateLimitedError, VaultUnavailableError
from ownkey.domain.provider_keys import KeyStatus, ProviderKey
from ownkey.services.key_validation import KeyValidationService
from ownkey.storage.provider_keys import ProviderKeyRepository
from ownkey.storage.rate_limits import RateLimiter
from ownkey.vault.opening import KeyOpener
from ownkey.vault.sealing import KeySealer
from tests.support.provider_keys import USUAL_KEYS, Clock, FakeVerifier, Seconds, characters, secrets_of, with_secret
from tests.support.tables import BOTO_ERRORS, BrokenClient, EmulatedAws, client_error, emulated_aws

OWNER = "user#u-1"
TABLE = "ProviderKeys"
every_provider = pytest.mark.parametrize("slug", USUAL_KEYS)


class Desk:
    """The service on an AWS in this process, with a provider that answers as told."""

    def __init__(self, aws: EmulatedAws) -> None:
        self.aws = aws
        self.clock = Clock()
        self.verifier = FakeVerifier()
        self.repository = ProviderKeyRepository(aws.dynamodb, TABLE, BOTO_ERRORS)
        self.service = self.serving(aws.kms)

    def serving(self, kms: Any) -> KeyValidationService:
        return KeyValidationService(
            repository=self.repository,
            opener=KeyOpener(kms, self.aws.kms_key_arn, BOTO_ERRORS, monotonic=lambda: 0.0),
            verifier=self.verifier,
            rate_limiter=RateLimiter(self.aws.dynamodb, TABLE, BOTO_ERRORS, self.clock),
            providers=REGISTRY,
            now=self.clock,
        )

    def store(self, slug: str = "openai", **fields: Any) -> ProviderKey:
        credential = parse_credential(REGISTRY[slug], USUAL_KEYS[slug]).credential
        context = {"owner": OWNER, "provider": slug, "key_id": fields.setdefault("key_id", "key-1")}
        key = ProviderKey(
            owner=OWNER,
            provider=slug,
            status=fields.pop("status", KeyStatus.UNVERIFIED),
            created_at=iso_utc(self.clock()),
            updated_at=iso_utc(self.clock()),
            ciphertext=KeySealer(self.aws.kms, self.aws.kms_key_arn, BOTO_ERRORS).seal(credential, context),
            **fields,
        )
        self.repository.save(key)
        return key

    def stored(self, slug: str = "openai") -> ProviderKey:
        key = self.repository.load(OWNER, slug)
        assert key is not None
        return key

    def validate(self, provider: str = "openai", **fields: Any) -> dict[str, Any]:
        body = ValidateProviderKeyBody.model_validate({"provider": provider, **fields})
        return self.service.validate(OWNER, body, Seconds()).to_json()


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as in_this_process:
        yield in_this_process


@pytest.fixture
def desk(aws: EmulatedAws) -> Desk:
    return Desk(aws.emptied())


VERDICTS = pytest.mark.parametrize(
    ("verdict", "answer"),
    [
        (Verdict(valid=True), {"valid": True}),
        (Verdict(valid=False, reason="It is refused."), {"valid": False, "error": "It is refused."}),
        (Verdict(valid=None, reason="It is late."), {"valid": None, "error": "It is late."}),
        (Verdict(valid=None), {"valid": None}),
    ],
)


@VERDICTS
def test_a_sent_key_is_tried_and_not_kept(desk: Desk, verdict: Verdict, answer: dict[str, Any]) -> None:
    desk.verifier.verdict = verdict

    assert desk.validate(key=USUAL_KEYS["openai"]) == answer
    assert [item["sk"]["S"].partition("#")[0] for item in desk.aws.items(TABLE)] == ["rate"]


@every_provider
def test_a_sent_key_of_any_provider_is_parsed_like_a_stored_one(desk: Desk, slug: str) -> None:
    desk.validate(slug, key=USUAL_KEYS[slug], model="some-model")

    [(provider, credential, model, seconds)] = desk.verifier.asked
    assert (provider, model) == (slug, "some-model")
    assert credential == parse_credential(REGISTRY[slug], USUAL_KEYS[slug]).credential
    assert seconds == Seconds().seconds


@every_provider
def test_a_sent_key_that_cannot_be_one_is_refused_unasked(desk: Desk, slug: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        desk.validate(slug, key=with_secret(slug, f"{characters(20)}\n{characters(20)}"))

    assert characters(20) not in repr(caught.value)
    assert desk.verifier.asked == []


@every_provider
def test_the_stored_key_of_any_provider_is_opened_and_tried(desk: Desk, slug: str) -> None:
    desk.store(slug)

    assert desk.validate(slug) == {"valid": True}
    [(_, credential, model, _)] = desk.verifier.asked
    assert {secret.reveal() for secret in credential.secrets.values()} == set(secrets_of(USUAL_KEYS[slug]))
    assert model is None


def test_a_model_that_was_named_is_in_the_answer(desk: Desk) -> None:
    assert desk.validate(key=USUAL_KEYS["openai"], model="gpt-5.4") == {"valid": True, "model": "gpt-5.4"}


@pytest.mark.parametrize(
    ("verdict", "status", "last_error"),
    [
        (Verdict(valid=True), KeyStatus.ACTIVE, None),
        (Verdict(valid=False, reason="It is refused."), KeyStatus.INVALID, "It is refused."),
        (Verdict(valid=None, reason="It is late."), KeyStatus.UNVERIFIED, "before"),
    ],
)
def test_the_verdict_on_the_stored_key_is_noted(
    desk: Desk, verdict: Verdict, status: KeyStatus, last_error: str | None
) -> None:
    desk.store(last_error="before")
    desk.verifier.verdict = verdict

    desk.validate()

    assert (desk.stored().status, desk.stored().last_error) == (status, last_error)


def test_an_invalid_key_that_works_again_is_active_again(desk: Desk) -> None:
    desk.store(status=KeyStatus.INVALID, last_error="It was refused.")

    assert desk.validate() == {"valid": True}
    assert (desk.stored().status, desk.stored().last_error) == (KeyStatus.ACTIVE, None)


def test_a_sent_key_says_nothing_of_the_stored_one(desk: Desk) -> None:
    desk.store()
    desk.verifier.verdict = Verdict(valid=False, reason="It is refused.")

    desk.validate(key="sk-" + characters(40))

    assert desk.stored().status is KeyStatus.UNVERIFIED


def test_a_key_that_was_replaced_meanwhile_is_not_marked(desk: Desk) -> None:
    class Replacing(FakeVerifier):
        def verify(self, *args: Any, **kwargs: Any) -> Verdict:
            desk.store(key_id="key-2")
            return Verdict(valid=False, reason="It is refused.")

    desk.store()
    desk.verifier = Replacing()
    desk.service = desk.serving(desk.aws.kms)

    assert desk.validate()["valid"] is False
    assert (desk.stored().key_id, desk.stored().status) == ("key-2", KeyStatus.UNVERIFIED)


def test_an_expired_key_is_no_longer_valid_here_and_nobody_is_asked(desk: Desk) -> None:
    desk.store(expires_at="2026-11-23T11:00:00Z")

    answer = desk.validate()

    assert answer["valid"] is False
    assert "expiry date" in answer["error"]
    assert desk.verifier.asked == []
    assert desk.stored().status is KeyStatus.UNVERIFIED


def test_no_key_sent_and_none_stored_is_not_found(desk: Desk) -> None:
    desk.store("groq")
    with pytest.raises(NotFoundError):
        desk.validate("openai")


def test_an_unknown_provider_is_refused(desk: Desk) -> None:
    with pytest.raises(InvalidInputError) as caught:
        desk.validate("opanai")
    assert "openai" in caught.value.message


def test_a_vault_out_of_reach_is_our_fault_and_marks_nothing(desk: Desk) -> None:
    desk.store()
    desk.service = desk.serving(BrokenClient(client_error("ThrottlingException", "Decrypt")))

    with pytest.raises(VaultUnavailableError):
        desk.validate()
    assert desk.stored().status is KeyStatus.UNVERIFIED


def test_ten_validations_a_minute_sent_and_stored_together(desk: Desk) -> None:
    desk.store()
    for _ in range(5):
        desk.validate()
        desk.validate(key=USUAL_KEYS["openai"])
    with pytest.raises(RateLimitedError):
        desk.validate()
    with pytest.raises(RateLimitedError):
        desk.validate(key=USUAL_KEYS["openai"])

    assert len(desk.verifier.asked) == 10
    desk.clock.forward(minutes=1)
    desk.validate()
