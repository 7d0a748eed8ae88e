"""From candidates and what is stored to a plan of attempts. No I/O, nothing decrypted."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from ownkey.domain.errors import ProviderKeyMissingError, ProviderKeyUnusableError
from ownkey.domain.prices import Price
from ownkey.domain.provider_keys import ProviderKey
from ownkey.domain.routing import Attempt, Candidate, CredentialOwner, KeyRing, PassedOver, RoutePlan, Shortlist
from ownkey.routing.providers import listed


def plan(shortlist: Shortlist, rings: Sequence[KeyRing], *, now: datetime, fail_fast: bool) -> RoutePlan:
    """Return the attempts that the stored keys allow: ring by ring, in each in the candidates' order.

    Args:
        shortlist: the providers that may run the request.
        rings: whose keys may be used, first choice first; at least one.
        now: decides which keys have expired.
        fail_fast: the first attempt's failure is the answer.

    Raises:
        ProviderKeyMissingError: there is no key for any of the candidates.
        ProviderKeyUnusableError: there is, but none that may be used.
    """
    attempts: list[Attempt] = []
    passed_over = list(shortlist.passed_over)
    unusable: list[str] = []
    for candidate, ring in ((candidate, ring) for ring in rings for candidate in shortlist.candidates):
        key = ring.keys.get(candidate.provider)
        if key is None:
            passed_over.append(PassedOver(candidate.provider, f"no {_OWNERS[ring.credential]} key is stored for it"))
        elif objection := _objection(key, now):
            unusable.append(objection)
            passed_over.append(PassedOver(candidate.provider, objection))
        elif attempts and fail_fast:
            passed_over.append(PassedOver(candidate.provider, "the first failure is the answer"))
        else:
            attempts.append(_attempt(candidate, key, ring.credential, shortlist.lowest_paid_price))
    if attempts:
        return RoutePlan(tuple(attempts), tuple(passed_over))
    if unusable:
        raise ProviderKeyUnusableError(
            f"No stored key can be used: {'; '.join(unusable)}. Store a new one (POST /api/user/provider-keys)."
        )
    raise _missing(shortlist.candidates, rings[0].credential)


_OWNERS: dict[CredentialOwner, str] = {"user": "personal", "team": "team", "platform": "platform"}
"""Whose key it is, for people."""


def _attempt(candidate: Candidate, key: ProviderKey, credential: CredentialOwner, lowest_paid: Price | None) -> Attempt:
    price = candidate.price
    return Attempt(
        candidate.provider,
        candidate.upstream_model,
        key,
        credential,
        price=price,
        fee_price=lowest_paid if price and price.rates.are_free else None,
        why=candidate.why,
    )


def _objection(key: ProviderKey, now: datetime) -> str | None:
    """Return why a stored key may not be used, or None."""
    if key.usable_at(now):
        return None
    shown = f" ending in {key.key_suffix}" if key.key_suffix else ""
    why = "has expired" if key.expired_at(now) else "was rejected by the provider"
    return f"the {key.provider} key{shown} {why}"


def _missing(candidates: Iterable[Candidate], credential: CredentialOwner) -> ProviderKeyMissingError:
    names = listed(candidate.provider for candidate in candidates)
    if credential == "platform":
        return ProviderKeyMissingError(
            f"This gateway has no key of its own for {names}. Send x-use-byok: true to use a key that you have stored."
        )
    return ProviderKeyMissingError(
        f"You have stored no key that can run this model. Store one for: {names} (POST /api/user/provider-keys)."
    )
