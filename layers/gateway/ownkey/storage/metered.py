"""A usage record as it comes through the table's stream, read for what is counted of it. Other attributes are left."""

from collections.abc import Mapping
from typing import Any

from ownkey.domain.errors import StoreUnavailableError
from ownkey.domain.figures import Figures, MeteredRequest
from ownkey.domain.money import ZERO, is_chargeable
from ownkey.storage.attributes import Item, check_version, from_typed, read, read_amount, read_optional
from ownkey.storage.usage import ITEM_VERSION

COUNTS = ("input_tokens", "output_tokens", "cached_input_tokens", "reasoning_tokens")
AMOUNTS = ("list_price_usd", "platform_fee_usd", "amount_usd")
_WHO = ("user_id", "payer_id", "team_id", "gateway_key_id", "provider", "model")
_NAMES = {*COUNTS, *AMOUNTS, *_WHO, "pk", "sk", "version", "started_at", "expires_at_epoch", "estimated"}


def metered_request(image: Mapping[str, Mapping[str, Any]]) -> MeteredRequest:
    """Return what is counted of a record in DynamoDB's typed values; raises StoreUnavailableError when unreadable."""
    item = from_typed({name: value for name, value in image.items() if name in _NAMES})
    check_version(item, ITEM_VERSION)
    user_id, team_id = read(item, "user_id", str), read_optional(item, "team_id")
    # Records of older releases name no payer. Of those, a team's cannot be charged to anybody.
    payer_id = user_id if team_id is None and "payer_id" not in item else read(item, "payer_id", str)
    return MeteredRequest(
        record_id=f"{read(item, 'pk', str)}#{read(item, 'sk', str)}",
        day=read(item, "started_at", str)[:10],
        user_id=user_id,
        payer_id=payer_id,
        team_id=team_id,
        gateway_key_id=read_optional(item, "gateway_key_id"),
        provider=read(item, "provider", str),
        model=read_optional(item, "model") or "",
        figures=figures_of(item),
        forgotten_at_epoch=read(item, "expires_at_epoch", int),
    )


def figures_of(item: Item) -> Figures:
    """Return the figures of one usage record."""
    amounts = {name: read_amount(item, name) for name in AMOUNTS}
    if not all(amount is None or is_chargeable(amount) for amount in amounts.values()):
        raise StoreUnavailableError("a stored item is unreadable: an amount cannot be charged")
    sums: dict[str, Any] = {name: read(item, name, int) if name in item else 0 for name in COUNTS}
    sums |= {name: ZERO if amount is None else amount for name, amount in amounts.items()}
    return Figures(
        requests=1,
        **sums,
        unknown_priced=int(amounts["amount_usd"] is None),
        estimated=int(item.get("estimated") is True),
    )
