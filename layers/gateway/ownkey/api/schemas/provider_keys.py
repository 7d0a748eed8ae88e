"""What callers send to the provider-key routes."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

MAX_NAME_LENGTH = 100


def _text_or_object(value: Any) -> Any:
    # Asked first, so that a wrong type is one problem of the field and not one of each type that it might have been.
    if isinstance(value, str | dict):
        return value
    raise ValueError("send a string, or an object for a JSON credential")


def _text_object_or_nothing(value: Any) -> Any:
    return None if value is None else _text_or_object(value)


class _Body(BaseModel):
    """A body that takes no unknown field, converts nothing and quotes nothing of itself in errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class AddProviderKeyBody(_Body):
    """`POST /api/user/provider-keys`: adds the key of a provider, or replaces it."""

    provider: str
    """The provider's slug."""
    key: Annotated[str | dict[str, Any], BeforeValidator(_text_or_object)] = Field(repr=False)
    """The key; for JSON credentials an object, or a string that holds one."""
    name: str | None = Field(default=None, max_length=MAX_NAME_LENGTH)
    """What its owner calls it."""
    expires_at: str | None = None
    """ISO 8601 with an offset: when it must no longer be used."""


class ValidateProviderKeyBody(_Body):
    """`POST /api/user/provider-keys/validate`: tries a key with its provider."""

    provider: str
    """The provider's slug."""
    key: Annotated[str | dict[str, Any] | None, BeforeValidator(_text_object_or_nothing)] = Field(
        default=None, repr=False
    )
    """The key to try; the stored one when it is left out."""
    model: str | None = Field(default=None, min_length=1, max_length=256, pattern=r"^[!-~]+$")
    """The model to try it with, where the provider needs one."""
