"""Every partition key and sort key there is. `docs/data-model.md` is the same list for readers."""

import hashlib
import zlib
from collections.abc import Mapping

Key = Mapping[str, str]
"""An item's whole primary key, `pk` and `sk`."""

PROVIDER_KEY_PREFIX = "provider#"
GATEWAY_KEY_PREFIX = "gateway-key#"
USAGE_PREFIX = "usage#"
MEMBER_PREFIX = "member#"
TEAM_PREFIX = "team#"
INVITATION_PREFIX = "invitation#"
JOIN_REQUEST_PREFIX = "join-request#"
AUDIT_PREFIX = "audit#"
BALANCE_PREFIX = "balance#"
TEAM_PARTS = 16
"""The partitions in which is added up what a team pays for. More of them can be added later, fewer cannot."""


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


def profile(user_id: str) -> Key:
    """Return the key of what is kept of a user besides what Cognito keeps."""
    return {"pk": user(user_id), "sk": "profile"}


def team(team_id: str) -> Key:
    """Return the key of a team and its settings."""
    return {"pk": f"{TEAM_PREFIX}{team_id}", "sk": "team"}


def member(team_id: str, user_id: str) -> Key:
    """Return the key of a user's place in a team."""
    return {"pk": f"{TEAM_PREFIX}{team_id}", "sk": f"{MEMBER_PREFIX}{user_id}"}


def listed_team(user_id: str, team_id: str) -> Key:
    """Return the key of a team's entry in the list of a user's teams. It comes and goes with the member."""
    return {"pk": user(user_id), "sk": f"{TEAM_PREFIX}{team_id}"}


def team_name(owner_id: str, name: str) -> Key:
    """Return the key that keeps an owner from having two teams of one name, however it is spelt."""
    return {"pk": user(owner_id), "sk": f"team-name#{name.casefold()}"}


def invitation(team_id: str, invitation_id: str) -> Key:
    """Return the key of an invitation."""
    return {"pk": f"{TEAM_PREFIX}{team_id}", "sk": f"{INVITATION_PREFIX}{invitation_id}"}


def join_token(token: str) -> Key:
    """Return the key by which the token of an invitation or an invite link is found: its SHA-256."""
    return {"pk": f"join-token#{hashlib.sha256(token.encode()).hexdigest()}", "sk": "join-token"}


def join_request(team_id: str, user_id: str) -> Key:
    """Return the key of a user's request to join a team: one at a time."""
    return {"pk": f"{TEAM_PREFIX}{team_id}", "sk": f"{JOIN_REQUEST_PREFIX}{user_id}"}


def audit(subject: str, at: str, record_id: str) -> Key:
    """Return the key of an audit record. Trails have partitions of their own, which no function may change."""
    return {"pk": f"audit#{subject}", "sk": f"{AUDIT_PREFIX}{at}#{record_id}"}


def team_part(user_id: str) -> int:
    """Return in which of a team's partitions is added up what it pays for a user."""
    return zlib.crc32(user_id.encode()) % TEAM_PARTS


def spending(who: str, period: str) -> Key:
    """Return the key of a counter of the Usage table: what `who` spent in a month or a day, and in how many requests.

    `who` is `team#<id>#<part>`, `member#<team id>#<user id>` or `gateway-key#<id>`.
    """
    return {"pk": f"spending#{who}", "sk": period}


def settled(record_id: str) -> Key:
    """Return the key of the mark that a usage record is settled. Every mark has a partition of its own."""
    return {"pk": f"settled#{record_id}", "sk": "settled"}


def user_rollup(user_id: str, day: str, *rest: str) -> Key:
    """Return the key of a sum over what a user used in a day; all of a user's sort by day."""
    return {"pk": f"rollup#user#{user_id}", "sk": "#".join((day, *rest))}


def team_rollup(team_id: str, part: int, day: str, *rest: str) -> Key:
    """Return the key of a sum over what a team paid for in a day, in one of the team's partitions."""
    return {"pk": f"rollup#team#{team_id}#{part:02d}", "sk": "#".join((day, *rest))}


def balance(user_id: str, part: str) -> Key:
    """Return the key of a part of a user's balance.

    `part` is `sum#credited`, `sum#spent#<lane>` or `credit#<reference>`: the sums make the balance, and come first.
    """
    return {"pk": f"{BALANCE_PREFIX}{user_id}", "sk": part}
