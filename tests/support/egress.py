"""Deadlines, providers and a transport for tests that call a fake upstream."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ownkey.adapters.egress import EgressPolicy, Resolver
from ownkey.adapters.spec import KeyFormat, ProviderSpec
from ownkey.adapters.transport import HttpTransport
from ownkey.domain.secrets import Secret
from ownkey.domain.upstream import UpstreamRequest


class DeadlineIn:
    """A deadline so many seconds from now."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    def end_in(self, seconds: float) -> None:
        """Move the deadline."""
        self._ends_at = time.monotonic() + seconds

    def remaining_seconds(self) -> float:
        return max(0.0, self._ends_at - time.monotonic())


def provider(slug: str = "groq", **fields: Any) -> ProviderSpec:
    """Return a made-up row."""
    fields = {"name": slug.title(), "base_url": f"https://api.{slug}.com/v1", "key_format": KeyFormat(), **fields}
    return ProviderSpec(slug=slug, **fields)


AZURE = provider("azure", base_url="", host_suffixes=(".openai.azure.com", ".services.ai.azure.com"))


def request_to(
    url: str,
    *,
    slug: str = "groq",
    method: str = "POST",
    headers: Mapping[str, str | Secret] | None = None,
    body: bytes | None = b"{}",
) -> UpstreamRequest:
    """Return a request as an adapter renders it."""
    if headers is None:
        headers = {"Authorization": Secret("Bearer gsk_made_up"), "Content-Type": "application/json"}
    return UpstreamRequest(provider=slug, method=method, url=url, headers=headers, body=body)


@contextmanager
def transport_to(
    overrides: Mapping[str, str], *, resolver: Resolver | None = None, **options: Any
) -> Iterator[HttpTransport]:
    """Make a transport for made-up rows of the overridden slugs, and close its connections in the end."""
    policy = EgressPolicy({slug: provider(slug) for slug in overrides}, overrides, resolver=resolver)
    transport = HttpTransport(policy, **options)
    try:
        yield transport
    finally:
        transport.close()
