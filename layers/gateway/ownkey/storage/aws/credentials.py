"""Where the credentials for signing come from, call by call."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import urlsplit

from ownkey.config import AwsCredentials, ContainerCredentialsEndpoint
from ownkey.domain.errors import MisconfiguredError
from ownkey.domain.secrets import Secret
from ownkey.storage.aws.errors import AwsCallError

REFRESH_BEFORE = timedelta(minutes=5)
TIMEOUT_SECONDS = 2.0
CONTAINER_HOSTS = frozenset({"localhost", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"})
"""Where AWS serves credentials, besides loopback: our authorization token goes nowhere else."""


class CredentialSource(Protocol):
    """Gives the credentials to sign the next call with."""

    def current(self) -> AwsCredentials:
        """Return credentials that are valid now."""
        ...


class EnvironmentCredentials:
    """The credentials in the environment, read at every call, since a test or an emulator may change them."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = environment

    def current(self) -> AwsCredentials:
        """Return what the environment holds now; raises MisconfiguredError when it holds none."""
        if self._environment is None:
            return AwsCredentials.from_environment()
        return AwsCredentials.from_environment(self._environment)


class ContainerCredentials:
    """Credentials fetched from the endpoint beside a function with SnapStart, kept until shortly before they expire."""

    def __init__(self, endpoint: ContainerCredentialsEndpoint, now: Callable[[], datetime]) -> None:
        self._endpoint = endpoint
        self._now = now
        self._held: AwsCredentials | None = None

    def current(self) -> AwsCredentials:
        """Return credentials that are valid now; raises AwsCallError when none can be had."""
        if self._held and self._lasts(REFRESH_BEFORE):
            return self._held
        try:
            self._held = _fetch(self._endpoint)
        except AwsCallError:
            if self._held and self._lasts(timedelta()):
                return self._held
            raise
        return self._held

    def _lasts(self, margin: timedelta) -> bool:
        expires_at = self._held.expires_at if self._held else None
        return expires_at is not None and self._now() + margin < expires_at


def credential_source(now: Callable[[], datetime]) -> CredentialSource:
    """Return the source that Lambda has prepared for this function."""
    endpoint = ContainerCredentialsEndpoint.from_environment()
    return ContainerCredentials(endpoint, now) if endpoint else EnvironmentCredentials()


def _fetch(endpoint: ContainerCredentialsEndpoint) -> AwsCredentials:
    from http.client import HTTPConnection, HTTPException

    url = urlsplit(endpoint.url)
    if url.scheme != "http" or not url.hostname or not _is_container_host(url.hostname):
        raise MisconfiguredError("AWS_CONTAINER_CREDENTIALS_FULL_URI does not name an address of this container")
    connection = HTTPConnection(url.hostname, url.port, timeout=TIMEOUT_SECONDS)
    target = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
    try:
        connection.request("GET", target, headers={"Authorization": endpoint.authorization.reveal()})
        response = connection.getresponse()
        text = response.read()
    except (OSError, HTTPException) as exc:
        raise AwsCallError("GetCredentials", "NoAnswer", type(exc).__name__) from exc
    finally:
        connection.close()
    if response.status != 200:
        raise AwsCallError("GetCredentials", f"HTTP {response.status}", "the container gives no credentials")
    try:
        return _parse(text)
    except (ValueError, KeyError, TypeError, AttributeError):
        # Neither cause nor context: these exceptions hold the text, and the text holds the credentials.
        raise AwsCallError("GetCredentials", "Unreadable", "the container's answer holds no credentials") from None


def _parse(text: bytes) -> AwsCredentials:
    answer = json.loads(text)
    return AwsCredentials(
        access_key_id=answer["AccessKeyId"],
        secret_access_key=Secret(answer["SecretAccessKey"]),
        session_token=Secret(answer["Token"]),
        expires_at=datetime.fromisoformat(answer["Expiration"]),
    )


def _is_container_host(host: str) -> bool:
    if host in CONTAINER_HOSTS:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
