"""What the operator of the local stack can choose, all of it through the environment."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.template import REPOSITORY
from ownkey.config import parse_upstreams
from ownkey.domain.errors import MisconfiguredError

REGION = "us-east-1"
OLDEST_PYTHON = (3, 11)


class StartupError(Exception):
    """The stack cannot start. The message is one line that says what to do."""

    def __init__(self, message: str, *, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSettings:
    """Where the stack listens, where it keeps its state, and which upstreams it calls."""

    port: int
    """0 takes a free one."""
    state_folder: Path
    upstreams: str
    """OWNKEY_UPSTREAMS as it was given, checked."""
    emulator_port: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "LocalSettings":
        """Return the settings; raises StartupError when one is malformed."""
        if sys.version_info < OLDEST_PYTHON:
            raise StartupError("OwnKey needs Python 3.11 or newer", exit_code=2)
        upstreams = environment.get("OWNKEY_UPSTREAMS", "")
        try:
            parse_upstreams(upstreams, emulated=True)
        except MisconfiguredError as exc:
            raise StartupError(str(exc), exit_code=2) from exc
        return cls(
            port=_port(environment, "PORT", default="8787"),
            state_folder=Path(environment.get("OWNKEY_STATE_DIR") or REPOSITORY / ".local").absolute(),
            upstreams=upstreams,
            emulator_port=_port(environment, "OWNKEY_EMULATOR_PORT", default="0"),
        )


def _port(environment: Mapping[str, str], name: str, *, default: str) -> int:
    text = environment.get(name) or default
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise StartupError(f"{name}={text} is not a port; choose a number from 1 to 65535", exit_code=2)
    return int(text)
