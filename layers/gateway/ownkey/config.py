"""Settings: the only reader of the environment."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from ownkey.domain.errors import MisconfiguredError
from ownkey.domain.secrets import Secret

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the template tells a function about itself. Read once, at cold start."""

    stage: str = "local"
    log_level: str = "INFO"
    region: str = "us-east-1"
    accounts_table: str = ""
    provider_keys_table: str = ""
    usage_table: str = ""
    provider_keys_kms_key: str = ""
    """The ARN of the KMS key that seals provider keys."""
    user_pool_id: str = ""
    user_pool_client_id: str = ""
    sign_up: str = "off"
    """Who may make an account: `off`, `invitation` or `open`."""
    allowed_email_domains: str = ""
    """The only domains of addresses that may, comma-separated; empty for all."""
    invitation_sender: str = ""
    """The address that invitations are sent from; empty where nobody sends e-mails."""
    fee_rate: str = "0.05"
    """The platform fee as a decimal fraction of the list price."""
    balance_enforcement: str = "off"
    """Which requests need a positive balance: `off` for none, `platform` for those on the operator's keys, `all`."""
    usage_retention_days: int = 400
    aws_endpoint_url: str | None = None
    """Where AWS is emulated; None in AWS itself."""
    upstreams: Mapping[str, str] = field(default_factory=dict)
    """Base URLs that replace providers' own, by slug. Loopback only, and only beside an emulated AWS."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Return the settings of this function; raises MisconfiguredError when one is malformed."""
        endpoint = environment.get("AWS_ENDPOINT_URL") or None
        return cls(
            stage=environment.get("OWNKEY_STAGE", "local"),
            log_level=environment.get("OWNKEY_LOG_LEVEL", "INFO"),
            region=environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION", "us-east-1"),
            accounts_table=environment.get("OWNKEY_ACCOUNTS_TABLE", ""),
            provider_keys_table=environment.get("OWNKEY_PROVIDER_KEYS_TABLE", ""),
            usage_table=environment.get("OWNKEY_USAGE_TABLE", ""),
            provider_keys_kms_key=environment.get("OWNKEY_PROVIDER_KEYS_KMS_KEY", ""),
            user_pool_id=environment.get("OWNKEY_USER_POOL_ID", ""),
            user_pool_client_id=environment.get("OWNKEY_USER_POOL_CLIENT_ID", ""),
            sign_up=environment.get("OWNKEY_SIGN_UP", "off"),
            allowed_email_domains=environment.get("OWNKEY_ALLOWED_EMAIL_DOMAINS", ""),
            invitation_sender=environment.get("OWNKEY_INVITATION_SENDER", ""),
            fee_rate=parse_fee_rate(environment.get("OWNKEY_FEE_RATE", "0.05")),
            balance_enforcement=environment.get("OWNKEY_BALANCE_ENFORCEMENT", "off"),
            usage_retention_days=int(environment.get("OWNKEY_USAGE_RETENTION_DAYS", "400")),
            aws_endpoint_url=endpoint,
            upstreams=parse_upstreams(environment.get("OWNKEY_UPSTREAMS", ""), emulated=endpoint is not None),
        )


def parse_fee_rate(text: str) -> str:
    """Return a fee as it is written, exactly; raises MisconfiguredError when it is no fraction from 0 to 1."""
    if not re.fullmatch(r"0|1|0\.[0-9]{1,6}", text):
        raise MisconfiguredError("OWNKEY_FEE_RATE must be a decimal fraction from 0 to 1, such as 0.05")
    return text


def parse_upstreams(text: str, *, emulated: bool) -> dict[str, str]:
    """Return the upstream overrides in `text`, a JSON object of slug -> base URL.

    Raises:
        MisconfiguredError: it is not one, it names a host that is not loopback, or AWS is not emulated.
    """
    if not text:
        return {}
    if not emulated:
        raise MisconfiguredError("OWNKEY_UPSTREAMS works beside a local AWS emulator only; remove it")
    example = 'such as {"openai": "http://127.0.0.1:9000/v1"}'
    try:
        overrides = json.loads(text)
    except ValueError as exc:
        raise MisconfiguredError(f"OWNKEY_UPSTREAMS is not JSON; write an object {example}") from exc
    if not isinstance(overrides, dict):
        raise MisconfiguredError(f"OWNKEY_UPSTREAMS must be a JSON object {example}")
    for slug, url in overrides.items():
        if not isinstance(url, str) or urlsplit(url).hostname not in LOOPBACK_HOSTS:
            raise MisconfiguredError(f"OWNKEY_UPSTREAMS: {slug} must be a loopback URL {example}")
    return {slug: url.rstrip("/") for slug, url in overrides.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsCredentials:
    """What AWS calls are signed with."""

    access_key_id: str = field(repr=False)
    secret_access_key: Secret
    session_token: Secret | None = None
    expires_at: datetime | None = None
    """None when they last as long as the process."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "AwsCredentials":
        """Return the credentials that Lambda gives a function; raises MisconfiguredError when there are none."""
        access_key_id = environment.get("AWS_ACCESS_KEY_ID")
        secret_access_key = environment.get("AWS_SECRET_ACCESS_KEY")
        if not access_key_id or not secret_access_key:
            raise MisconfiguredError("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set; Lambda sets them")
        token = environment.get("AWS_SESSION_TOKEN")
        return cls(
            access_key_id=access_key_id,
            secret_access_key=Secret(secret_access_key),
            session_token=Secret(token) if token else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerCredentialsEndpoint:
    """Where a function that was restored from a snapshot fetches its credentials."""

    url: str
    authorization: Secret

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "ContainerCredentialsEndpoint | None":
        """Return the endpoint when Lambda names one, or None."""
        url = environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        if not url:
            return None
        return cls(url=url, authorization=Secret(environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")))
