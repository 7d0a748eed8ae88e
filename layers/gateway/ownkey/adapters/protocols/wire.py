"""What every wire format offers, and the way to one by its name."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, cast

from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.spec import ProtocolName, ProviderSpec
from ownkey.domain.chat import ChatRequest, Completion, JsonObject, Usage


@dataclass(frozen=True, slots=True)
class Rendered:
    """A request as a provider takes it."""

    url_path: str
    """Path and query below the base URL or the credential's endpoint."""
    body: JsonObject
    dropped: tuple[str, ...] = ()
    """Request fields that were left out, by name."""


class StreamReader(Protocol):
    """Reads the events of one streamed answer, in order."""

    usage: Usage | None
    """The last usage that was reported."""
    done: bool
    """The provider has said that nothing more comes."""

    @property
    def complete(self) -> bool:
        """Whether every choice has said how it ended."""
        ...

    def feed(self, data: str, *, event: str = "") -> list[JsonObject]:
        """Return the chunks that one event makes; raises UpstreamError when it reports an error."""
        ...

    def end(self) -> list[JsonObject]:
        """Return the last chunks; raises UpstreamError when the answer stopped before its end."""
        ...


class WireProtocol(Protocol):
    """One wire format: a package of pure functions."""

    def render_request(
        self, spec: ProviderSpec, request: ChatRequest, *, upstream_model: str, credential_settings: Mapping[str, str]
    ) -> Rendered:
        """Return the provider's request; raises UnsupportedParameterError."""
        ...

    def parse_completion(
        self,
        spec: ProviderSpec,
        body: bytes,
        *,
        upstream_model: str = "",
        dropped: tuple[str, ...] = (),
        errors: ErrorClassifier | None = None,
    ) -> Completion:
        """Return the completion in the body of a good answer; raises UpstreamError."""
        ...

    def StreamParser(  # noqa: N802 - a class of the package
        self, spec: ProviderSpec, *, upstream_model: str = "", choices: int = 1, errors: ErrorClassifier | None = None
    ) -> StreamReader:
        """Return what reads one streamed answer."""
        ...


@cache
def wire_protocol(name: ProtocolName) -> WireProtocol:
    """Return a wire format. Its package is imported by the first call: most functions need one of them."""
    module: Any = importlib.import_module(f"ownkey.adapters.protocols.{name}")
    return cast("WireProtocol", module)
