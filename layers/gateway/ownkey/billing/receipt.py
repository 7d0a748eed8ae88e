"""The receipt for a request."""

from typing import TYPE_CHECKING

from ownkey.billing.pricing import DIGITS, decimal_text
from ownkey.domain.bill import Bill
from ownkey.domain.chat import JsonObject
from ownkey.domain.prices import Charge
from ownkey.domain.routing import Attempt
from ownkey.domain.teams import Team

if TYPE_CHECKING:
    from decimal import Decimal


def build_receipt(bill: Bill, attempt: Attempt, *, request_id: str, billed_team: Team | None) -> JsonObject:
    """Return the receipt that travels with an answer. A price that is not known is null, never zero."""
    charge, usage = bill.charge, bill.usage
    byok = attempt.credential != "platform"
    return {
        "amount": decimal_text(charge.amount),
        "currency": "USD",
        "listPrice": decimal_text(charge.list_price),
        "platformFee": decimal_text(charge.platform_fee),
        "byok": byok,
        "byokProvider": attempt.provider if byok else None,
        "credential": attempt.credential,
        "inputTokens": usage.input_tokens,
        "outputTokens": usage.output_tokens,
        "cachedInputTokens": usage.cached_input_tokens,
        "billedToTeam": billed_team is not None,
        "billedTeamId": billed_team.team_id if billed_team else None,
        "billedTeamName": billed_team.name if billed_team else None,
        "priceSource": charge.source,
        "requestId": request_id,
    }


def with_search(receipt: JsonObject, charge: Charge, attempt: Attempt, search: Charge) -> JsonObject:
    """Return the receipt of a chat with the web search before it: `amount` is what both cost together.

    Args:
        receipt: the chat's.
        charge: the chat's.
        attempt: the engine, and whose key it ran on.
        search: the search's.
    """
    return {
        **receipt,
        "amount": decimal_text(total(charge.amount, search.amount)),
        "webSearch": {
            "provider": attempt.provider,
            "credential": attempt.credential,
            "listPrice": decimal_text(search.list_price),
            "amount": decimal_text(search.amount),
        },
    }


def total(*amounts: "Decimal | None") -> "Decimal | None":
    """Return the sum; None when one of the amounts is not known."""
    from decimal import Decimal, localcontext

    known = [amount for amount in amounts if amount is not None]
    with localcontext(prec=DIGITS):
        return sum(known, Decimal(0)) if len(known) == len(amounts) else None
