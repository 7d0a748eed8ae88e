"""Every partition key and sort key there is. `docs/data-model.md` is the same list for readers."""

from collections.abc import Mapping

Key = Mapping[str, str]
"""An item's whole primary key, `pk` and `sk`."""

PROVIDER_KEY_PREFIX = "provider#"
GATEWAY_KEY_PREFIX = "gateway-key#"
USAGE_PREFIX = "usage#"


def user(user_id: str) -> str:
    """Return the partition of one user. It is also the owner of that user's provider keys."""
    return f"user#{user_id}"


def provider_key(owner: str, provider: str) -> Key:
    """Return the key of one owner's key for one provider."""
    return {"pk": owner, "sk": f"{PROVIDER_KEY_PREFIX}{provider}"}


def gateway_key(key_id: str) -> Key:
    """Return the key of what a request's gateway key is checked against."""
    return {"pk": f"{GATEWAY_KEY_PREFIX}{key_id}", "sk": "gateway-key"}


def listed_gateway_key(user_id: str, key_id: str) -> Key:
    """Return the key of a gateway key's entry in its owner's list."""
    return {"pk": user(user_id), "sk": f"{GATEWAY_KEY_PREFIX}{key_id}"}


def usage(user_id: str, started_at: str, request_id: str) -> Key:
    """Return the key of one request's usage; a user's records sort by time."""
    return {"pk": user(user_id), "sk": f"{USAGE_PREFIX}{started_at}#{request_id}"}


def rate_limit(owner: str, action: str, window_started_at: int) -> Key:
    """Return the key of a counter: what `owner` did in the window that began at that second."""
    return {"pk": owner, "sk": f"rate#{action}#{window_started_at}"}
