"""Keeping usage records: a store that fails for a moment loses none, and one that fails for longer loses no number."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Protocol

from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import StoreUnavailableError
from ownkey.domain.usage import UsageRecord
from ownkey.observability import Logger

PAUSES_SECONDS = (0.1, 0.4)
"""How long a record waits before each further try. The store itself has tried three times by then."""


class UsageStore(Protocol):
    """Keeps usage records."""

    def put(self, record: UsageRecord) -> None:
        """Store a record once."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientUsageStore:
    """Stores records with patience. Nothing is raised: the caller has the answer already."""

    store: UsageStore
    logger: Logger
    sleep: Callable[[float], None] = time.sleep
    """Waits, in seconds."""

    def put(self, record: UsageRecord) -> None:
        """Store a record once; one that cannot be stored is in the log, with all that it takes to store it by hand."""
        for pause_seconds in (*PAUSES_SECONDS, None):
            try:
                self.store.put(record)
            except Exception as error:  # whatever it is, the numbers must not be lost with it
                if pause_seconds is None or not isinstance(error, StoreUnavailableError):
                    self.logger.error("the usage record was not stored", error=error, record=_as_logged(record))
                    return
                if pause_seconds == PAUSES_SECONDS[0]:
                    # Before the waiting: the function may be out of time before it ends.
                    self.logger.warning("the usage record is not stored yet", record=_as_logged(record))
                self.sleep(pause_seconds)
            else:
                return


def _as_logged(record: UsageRecord) -> JsonObject:
    """Return all of a record, with a name for whose key it was that the redactor does not take for a secret."""
    fields = asdict(record)
    return {"credential_owner": fields.pop("credential"), **fields}
