"""The plan of a request: whom to call, in what order, with whose key."""

from dataclasses import dataclass
from typing import Literal

from ownkey.domain.provider_keys import ProviderKey

CredentialOwner = Literal["user", "team", "platform"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A provider that may run the model, and the id that it knows the model by."""

    provider: str
    upstream_model: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call that the plan would make."""

    provider: str
    upstream_model: str
    key: ProviderKey
    credential: CredentialOwner


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """Attempts in order, at least one. Only the first is made when the caller wants to fail fast."""

    attempts: tuple[Attempt, ...]
