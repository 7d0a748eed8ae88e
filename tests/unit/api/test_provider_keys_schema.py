"""The bodies of the provider-key routes: what is taken, and what an error may show of them."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from ownkey.api.schemas.provider_keys import AddProviderKeyBody, ValidateProviderKeyBody
from tests.support.provider_keys import characters

SECRET = "sk-" + characters(40)
bodies = pytest.mark.parametrize("schema", [AddProviderKeyBody, ValidateProviderKeyBody])


@pytest.mark.parametrize(
    ("schema", "body"),
    [
        (AddProviderKeyBody, {"provider": "openai", "key": SECRET}),
        (AddProviderKeyBody, {"provider": "aws", "key": {"accessKeyId": SECRET}}),
        (AddProviderKeyBody, {"provider": "openai", "key": SECRET, "name": None, "expires_at": None}),
        (AddProviderKeyBody, {"provider": "openai", "key": SECRET, "name": "n" * 100, "expires_at": "2030-01-01"}),
        (ValidateProviderKeyBody, {"provider": "openai"}),
        (ValidateProviderKeyBody, {"provider": "openai", "key": None, "model": None}),
        (ValidateProviderKeyBody, {"provider": "aws", "key": {"accessKeyId": SECRET}, "model": "amazon.nova-pro-v1:0"}),
    ],
)
def test_the_bodies_of_the_contract_are_taken(schema: type[BaseModel], body: dict[str, Any]) -> None:
    parsed = schema.model_validate(body)

    assert parsed.model_dump(exclude_unset=True) == body
    assert SECRET not in repr(parsed) + str(parsed)


@bodies
@pytest.mark.parametrize(
    "wrong",
    [
        {"key": 12},
        {"key": True},
        {"key": [SECRET]},
        {"key": SECRET, "provider": None},
        {"key": SECRET, "provider": 7},
        {"key": SECRET, "owner": "user#other"},
        {"key": SECRET, "added_by": "other"},
        {"key": SECRET, "status": "active"},
        {"key": SECRET, "team": SECRET},
    ],
)
def test_other_bodies_are_refused_without_quoting_them(schema: type[BaseModel], wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        schema.model_validate({"provider": "openai", **wrong})

    assert SECRET not in str(caught.value) + repr(caught.value)


@pytest.mark.parametrize("wrong", [{"name": "n" * 101}, {"name": 1}, {"expires_at": 1893456000}])
def test_a_name_is_short_and_a_date_is_text(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AddProviderKeyBody.model_validate({"provider": "openai", "key": SECRET, **wrong})


@pytest.mark.parametrize("model", ["", "m" * 257, "a b", "a\nb", "modèle", "gpt\n"])
def test_a_model_is_one_printable_word(model: str) -> None:
    with pytest.raises(ValidationError):
        ValidateProviderKeyBody.model_validate({"provider": "openai", "model": model})


@bodies
def test_a_key_of_another_type_is_one_problem_at_one_place(schema: type[BaseModel]) -> None:
    with pytest.raises(ValidationError) as caught:
        schema.model_validate({"provider": "openai", "key": 12})

    assert [problem["loc"] for problem in caught.value.errors()] == [("key",)]


def test_a_key_to_store_cannot_be_null() -> None:
    with pytest.raises(ValidationError) as caught:
        AddProviderKeyBody.model_validate({"provider": "openai", "key": None})

    assert [problem["loc"] for problem in caught.value.errors()] == [("key",)]
