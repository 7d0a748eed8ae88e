"""The seam between what is said to a provider and how it gets there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ownkey.domain.chat import Deadline
from ownkey.domain.secrets import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamRequest:
    """One HTTPS request to a provider, ready to go."""

    provider: str
    """The slug; the egress guard looks up the hosts this provider may be reached at by it."""
    method: str
    url: str
    headers: Mapping[str, str | Secret] = field(default_factory=dict)
    body: bytes | None = None
    secrets: tuple[Secret, ...] = ()
    """Every secret in play, so that no error text of this request can carry one."""


class UpstreamResponse(Protocol):
    """A provider's answer whose status and headers have arrived. Close it; closing twice is safe.

    Reading raises `ProviderTimeoutError` or `ProviderFailureError`, never anything else.
    """

    status: int
    headers: Mapping[str, str]
    """Lower-case names."""

    def iter_bytes(self) -> Iterator[bytes]:
        """Yield the body as it arrives, in pieces of any size."""
        ...

    def read(self, limit: int) -> bytes:
        """Return the body, at most `limit` bytes of it."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...


class Transport(Protocol):
    """Sends upstream requests. The only implementation that opens sockets is `adapters/transport.py`."""

    def send(self, request: UpstreamRequest, deadline: Deadline) -> UpstreamResponse:
        """Return the answer once its headers are there.

        Connecting is given five seconds at most, and every wait is bounded by what is left of `deadline`.

        Raises:
            ProviderTimeoutError: nothing came in time.
            ProviderFailureError: no connection, a broken one, a redirect, or an address the guard refuses.
        """
        ...
