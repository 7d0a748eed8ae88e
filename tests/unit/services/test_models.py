"""The catalog's service, on the committed catalog and keys in memory."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from ownkey.catalog.models import all_models
from ownkey.domain.errors import ModelNotFoundError, NotFoundError
from ownkey.domain.provider_keys import KeyStatus, ProviderKey
from ownkey.services.models import ModelsService
from tests.support.chat import START, stored_key

SONNET = "anthropic/claude-sonnet-4.5"


@dataclass
class Metadata:
    """Keys as the function may read them."""

    keys: Sequence[ProviderKey]

    def list(self, owner):
        return [key for key in self.keys if key.owner == owner]


def service(*keys):
    return ModelsService(keys=Metadata(keys), now=lambda: START)


def runnable(*keys, owner="user#u1"):
    return {row["id"] for row in service(*keys).runnable_by(owner, detailed=False)["data"]}


def test_the_list_is_the_catalog():
    listed = service().all(detailed=False)
    assert listed["object"] == "list"
    assert [row["id"] for row in listed["data"]] == [facts.id for facts in all_models()]
    assert all(row.keys() == {"id", "object", "created", "owned_by"} for row in listed["data"])
    assert {row["owned_by"] for row in listed["data"]} >= {"openai", "anthropic", "google"}


def test_a_callers_list_is_what_their_keys_can_run():
    of_one_provider = {facts.id for facts in all_models() if any(row.provider == "groq" for row in facts.providers)}
    of_both = of_one_provider | {
        facts.id for facts in all_models() if any(row.provider == "anthropic" for row in facts.providers)
    }
    assert runnable(stored_key("groq")) == of_one_provider
    assert runnable(stored_key("groq"), stored_key("anthropic")) == of_both
    assert SONNET in of_both - of_one_provider


@pytest.mark.parametrize(
    "key",
    [
        None,
        stored_key("tavily"),
        stored_key("groq", owner="user#u2"),
        stored_key("groq", status=KeyStatus.INVALID),
        stored_key("groq", expires_at="2026-11-23T11:59:59Z"),
    ],
    ids=["none", "of a search engine", "somebody else's", "refused", "expired"],
)
def test_a_key_that_cannot_be_used_runs_nothing(key):
    assert runnable(*([key] if key else [])) == set()


@pytest.mark.parametrize(
    "key",
    [stored_key("groq", status=KeyStatus.UNVERIFIED), stored_key("groq", expires_at="2026-11-23T12:00:01Z")],
    ids=["not yet tried", "not yet expired"],
)
def test_a_key_that_may_be_used_runs_its_models(key):
    assert runnable(key) == runnable(stored_key("groq"))


@pytest.mark.parametrize("name", [SONNET, "claude-sonnet-4-5", "Anthropic/Claude-Sonnet-4.5"])
def test_every_name_of_a_model_leads_to_it(name):
    assert service().one(name, detailed=False)["id"] == SONNET
    assert service().one(name, detailed=True)["context_length"] == 200_000
    answer = service().providers(f"{name}/providers")
    assert (answer["canonicalId"], answer["displayName"]) == (SONNET, "Claude Sonnet 4.5")
    assert answer["providers"][0]["provider"] == "anthropic"


def test_an_unknown_model_is_answered_with_the_nearest_names():
    for ask in (
        lambda name: service().one(name, detailed=False),
        lambda name: service().providers(f"{name}/providers"),
    ):
        with pytest.raises(ModelNotFoundError, match=r"Did you mean .*anthropic/claude-sonnet-4\.5"):
            ask("anthropic/claude-sonet-4.5")


@pytest.mark.parametrize("name", ["", "/", "x" * 257, "9" * 8000, "-1" * 4000])
def test_no_name_is_too_strange_to_be_unknown(name):
    with pytest.raises(ModelNotFoundError) as caught:
        service().one(name, detailed=False)
    assert len(caught.value.message) < 400


def test_only_providers_can_be_asked_of_a_model():
    for path in (SONNET, "providers", f"{SONNET}/prices"):
        with pytest.raises(NotFoundError):
            service().providers(path)
