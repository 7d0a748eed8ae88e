"""Credentials of the functions' roles, as the emulator's STS issues them."""

import threading
import time
from collections.abc import Callable
from typing import Any

from local.worker import RoleCredentials

DURATION_SECONDS = 3600
_RENEW_AFTER_SECONDS = 1200


class RoleSource:
    """Assumes roles, and hands the same credentials to workers that start soon after each other."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        self._sts = client("sts")
        self._issued: dict[str, RoleCredentials] = {}
        self._lock = threading.Lock()

    def assume(self, role_arn: str) -> RoleCredentials:
        """Return credentials of the role that are good for most of an hour."""
        with self._lock:
            issued = self._issued.get(role_arn)
            if issued is None or issued.expires_at_epoch - time.time() < DURATION_SECONDS - _RENEW_AFTER_SECONDS:
                issued = self._assume(role_arn)
                self._issued[role_arn] = issued
            return issued

    def _assume(self, role_arn: str) -> RoleCredentials:
        response = self._sts.assume_role(RoleArn=role_arn, RoleSessionName="local", DurationSeconds=DURATION_SECONDS)
        credentials = response["Credentials"]
        return RoleCredentials(
            access_key_id=credentials["AccessKeyId"],
            secret_access_key=credentials["SecretAccessKey"],
            session_token=credentials["SessionToken"],
            expires_at_epoch=credentials["Expiration"].timestamp(),
        )
