"""AWS Signature Version 4, for `POST /` with a JSON body: all that DynamoDB and KMS need."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

from ownkey.config import AwsCredentials

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED_HEADERS = frozenset({"expect", "transfer-encoding", "user-agent", "x-amzn-trace-id"})
"""Headers that proxies may change on the way."""


def signed_headers(
    headers: Mapping[str, str],
    body: bytes,
    credentials: AwsCredentials,
    *,
    service: str,
    region: str,
    now: datetime,
) -> dict[str, str]:
    """Return `headers`, which must hold `Host`, with the date, the session token and the signature added."""
    timestamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    all_headers = {**headers, "X-Amz-Date": timestamp}
    if credentials.session_token:
        all_headers["X-Amz-Security-Token"] = credentials.session_token.reveal()
    canonical = {
        name.lower(): " ".join(value.split())
        for name, value in all_headers.items()
        if name.lower() not in UNSIGNED_HEADERS
    }
    names = ";".join(sorted(canonical))
    lines = "".join(f"{name}:{canonical[name]}\n" for name in sorted(canonical))
    request = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{timestamp[:8]}/{region}/{service}/aws4_request"
    to_sign = f"{ALGORITHM}\n{timestamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = _hmac(_signing_key(credentials, scope), to_sign).hex()
    all_headers["Authorization"] = (
        f"{ALGORITHM} Credential={credentials.access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return all_headers


def _signing_key(credentials: AwsCredentials, scope: str) -> bytes:
    key = f"AWS4{credentials.secret_access_key.reveal()}".encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
