"""What a request used, and the receipt for it."""

import json

from ownkey.domain.chat import JsonObject, Usage
from ownkey.domain.routing import CredentialOwner

BYTES_PER_TOKEN = 4
"""A rough mean over tokenizers and languages, for upstreams that report nothing."""


def estimated_usage(request_body: JsonObject, output_characters: int) -> Usage:
    """Return a rough count for an answer whose provider reported none, from the sizes of both texts."""
    sent = json.dumps(
        {"messages": request_body.get("messages"), "tools": request_body.get("tools")}, ensure_ascii=False
    )
    return Usage(
        input_tokens=-(-len(sent.encode()) // BYTES_PER_TOKEN),
        output_tokens=-(-output_characters // BYTES_PER_TOKEN),
    )


def build_receipt(usage: Usage, *, credential: CredentialOwner, provider: str, request_id: str) -> JsonObject:
    """Return the receipt that travels with an answer. A price that is not known is null, never zero."""
    return {
        "amount": None,
        "currency": "USD",
        "listPrice": None,
        "platformFee": None,
        "byok": credential != "platform",
        "byokProvider": provider if credential != "platform" else None,
        "credential": credential,
        "inputTokens": usage.input_tokens,
        "outputTokens": usage.output_tokens,
        "cachedInputTokens": usage.cached_input_tokens,
        "billedToTeam": False,
        "billedTeamId": None,
        "billedTeamName": None,
        "priceSource": "unknown",
        "requestId": request_id,
    }
