"""Saves the emulator's state while it runs: what changed, every few seconds, never half of a deployment."""

import asyncio
import json
import re
import time
from pathlib import Path
from typing import Any

INTERVAL_SECONDS = 2.0
MAX_SHARE_OF_TIME = 0.25
"""A large state is saved less often instead of slowing down every request."""

_READS = re.compile(
    rb"DynamoDB_20120810\.(?:Get|BatchGet|Query|Scan|Describe|List|TransactGet)"
    rb"|DynamoDBStreams_20120810\."
    rb"|TrentService\.(?:Encrypt|Decrypt|Describe|Get|List)"
)
_SERVICES = {b"DynamoDB_20120810": "dynamodb", b"TrentService": "kms", b"AWSCognitoIdentityProviderService": "cognito"}
"""The persisted service that a call can change, where its target header tells."""


class StateSaver:
    """Knows which services may have changed since they were saved, and saves those."""

    def __init__(self, emulator: Any) -> None:
        self._emulator = emulator
        self._changed: set[str] = set()
        self._everything = False

    def note(self, target: bytes) -> None:
        """Note a call that was answered and may have changed something."""
        if _READS.match(target):
            return
        service = _SERVICES.get(target.partition(b".")[0])
        if service is None:
            self._everything = True
        else:
            self._changed.add(service)

    async def run(self) -> None:
        """Save what changed, for ever."""
        pause = INTERVAL_SECONDS
        while True:
            await asyncio.sleep(pause)
            started = time.monotonic()
            await self.save()
            pause = max(INTERVAL_SECONDS, (time.monotonic() - started) / MAX_SHARE_OF_TIME)

    async def save(self) -> None:
        """Save what changed since the last time; nothing while a deployment is under way."""
        if self._deploying():
            return
        changed, everything = self._changed, self._everything
        self._changed, self._everything = set(), False
        services = self._emulator._build_persistence_save_dict()  # noqa: SLF001 - its save map has no public name
        for name in services if everything else changed & services.keys():
            state = services[name]()
            one = {name: lambda state=state: state}
            if name == "dynamodb":
                # The one that grows. It is copied before it is written, so a thread may write it.
                await asyncio.to_thread(self._emulator.save_all, one)
            else:
                self._emulator.save_all(one)

    def _deploying(self) -> bool:
        formation = self._emulator._loaded_modules.get("cloudformation")  # noqa: SLF001
        stacks = formation._stacks.all_items() if formation else ()  # noqa: SLF001
        return any(stack["StackStatus"].endswith("_IN_PROGRESS") for _, stack in stacks)


def broken_file(folder: Path) -> Path | None:
    """Return a saved state that is not whole, if there is one."""
    for file in sorted(folder.glob("*.json")):
        try:
            whole = "payload" in json.loads(file.read_text())
        except (ValueError, OSError, TypeError):
            whole = False
        if not whole:
            return file
    return None
