"""Where providers may be reached: the URLs, and the addresses behind their hosts.

The one place that decides it. `connections.py` asks again for every connection it opens, so no route can miss it.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.errors import MisconfiguredError, ProviderFailureError

MAX_URL_LENGTH = 2048

Resolver = Callable[[str, int], Sequence[str]]
"""Host and port -> the addresses, as text; raises OSError when there are none."""

# Stricter than any URL parser: what parsers read differently (user-info, backslashes, white space, fragments, percent
# signs or other alphabets in the host, dot segments) does not match, so it does not matter who parses the URL later.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]+|\[::1\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]*)*(?:\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?)"
)
_DOT_SEGMENT = re.compile(r"/(?:\.|%2e){1,2}(?:[/?]|$)", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")

_METADATA = tuple(
    ipaddress.ip_network(network)
    for network in (
        "169.254.169.0/24",
        "169.254.170.2/32",
        "169.254.170.23/32",
        "100.100.100.200/32",
        "168.63.129.16/32",
        "192.0.0.192/32",
        "fd00:ec2::/96",
    )
)
"""Where clouds tell machines their secrets."""
_RELAYS = tuple(ipaddress.ip_network(network) for network in ("192.88.99.0/24", "2002::/16"))
"""6to4: addresses that end somewhere else."""
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""How an IPv6-only network reaches IPv4: the last four bytes are the address."""


class AddressRefusedError(Exception):
    """A host's address is not one that providers have. The message names neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A URL that has been allowed, in the parts that a connection needs."""

    scheme: str
    host: str
    port: int
    target: str
    """Path and query, as they go into the request line."""
    loopback_allowed: bool = False
    """Whether this is a base URL of the operator's own, which may be on this machine only."""

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port."""
        return self.scheme, self.host, self.port


class EgressPolicy:
    """Knows every place that a provider may be reached at, and refuses all others."""

    def __init__(
        self,
        specs: Mapping[str, ProviderSpec],
        overrides: Mapping[str, str] | None = None,
        *,
        resolver: Resolver | None = None,
    ) -> None:
        self._specs = specs
        self._resolver = resolver or resolve_host
        self._overrides = {slug: _override(slug, url) for slug, url in (overrides or {}).items()}
        self._own_origins = frozenset(destination.origin for destination in self._overrides.values())

    def name_of(self, provider: str) -> str:
        """Return the provider's name as people read it."""
        spec = self._specs.get(provider)
        return spec.name if spec else "The provider"

    def check(self, provider: str, url: str) -> Destination:
        """Return where `url` leads.

        A provider is reached over HTTPS, at its own hosts or below the domains that its credentials may name. Where the
        operator replaced its base URL, that origin is allowed and nothing else.

        Raises:
            ProviderFailureError: the provider may not be reached there.
        """
        destination = _parsed(url)
        override = self._overrides.get(provider)
        if destination is not None and override is not None:
            if destination.origin == override.origin:
                return replace(destination, loopback_allowed=True)
        elif destination is not None and self._is_own_host(provider, destination):
            return destination
        raise ProviderFailureError(
            f"{self.name_of(provider)} may not be called at that address. Check the endpoint or region of the stored "
            "key.",
            provider=provider,
        )

    def resolve(self, scheme: str, host: str, port: int) -> tuple[str, ...]:
        """Return the addresses to connect to: resolved once, and every one of them checked.

        Raises:
            AddressRefusedError: one of them is not public, or, for the operator's own base URLs, not loopback.
            OSError: the host has none.
        """
        addresses = tuple(self._resolver(host, port))
        if not addresses:
            raise OSError("the host has no address")
        may_be_called = is_loopback if (scheme, host, port) in self._own_origins else is_public
        if not all(map(may_be_called, addresses)):
            raise AddressRefusedError("the host leads to an address that is not a provider's")
        return addresses

    def _is_own_host(self, provider: str, destination: Destination) -> bool:
        spec = self._specs.get(provider)
        if spec is None or destination.scheme != "https" or destination.port != 443:
            return False
        return destination.host in spec.hosts or any(
            destination.host.endswith(suffix) and _LABEL.fullmatch(destination.host.removesuffix(suffix))
            for suffix in spec.host_suffixes
        )


def resolve_host(host: str, port: int) -> Sequence[str]:
    """Return the addresses that the system knows for `host`; raises OSError when there are none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(text: str) -> bool:
    """Return whether an address is one on the open internet, and nobody's metadata service."""
    address = _address(text)
    if isinstance(address, ipaddress.IPv6Address) and address in _NAT64:
        address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address is None or not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return not any(address in network for network in _METADATA + _RELAYS)


def is_loopback(text: str) -> bool:
    """Return whether an address is this machine itself."""
    address = _address(text)
    return address is not None and address.is_loopback


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _parsed(url: str) -> Destination | None:
    match = _URL.fullmatch(url) if len(url) <= MAX_URL_LENGTH else None
    if match is None or _DOT_SEGMENT.search(match["target"]):
        return None
    target = match["target"]
    return Destination(
        scheme=match["scheme"],
        host=match["host"].lower().strip("[]"),
        port=int(match["port"] or (443 if match["scheme"] == "https" else 80)),
        target=target if target.startswith("/") else f"/{target}",
    )


def _override(slug: str, url: str) -> Destination:
    destination = _parsed(url)
    if destination is None:
        raise MisconfiguredError(f"The base URL that replaces {slug}'s is not one; write http://127.0.0.1:9000/v1")
    return destination
