"""Starts and ends the embedded AWS, and holds the root key that only this run knows."""

import asyncio
import os
import secrets
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.settings import REGION, StartupError
from local.state_folder import StateFolder
from local.template import REPOSITORY

if TYPE_CHECKING:
    from boto3 import Session

START_TIMEOUT_SECONDS = 30
STOP_TIMEOUT_SECONDS = 15
SERVICES = "apigateway,cloudformation,cloudwatch,cognito-idp,dynamodb,dynamodbstreams,iam,kms,lambda,logs,s3,sqs,sts"


@dataclass(frozen=True, slots=True)
class RootKey:
    """The emulated account's root credentials: made anew at every start, written nowhere."""

    access_key_id: str = field(default_factory=lambda: f"LOCALROOT{secrets.token_hex(16)}", repr=False)
    secret_access_key: str = field(default_factory=lambda: secrets.token_hex(20), repr=False)

    def session(self) -> "Session":
        """Return a boto3 session of the account's root."""
        from boto3 import Session

        return Session(
            aws_access_key_id=self.access_key_id, aws_secret_access_key=self.secret_access_key, region_name=REGION
        )


class EmulatorProcess:
    """The running emulator."""

    def __init__(self, process: asyncio.subprocess.Process, endpoint: str, root_key: RootKey) -> None:
        self._process = process
        self.endpoint = endpoint
        self.root_key = root_key

    @classmethod
    async def start(cls, folder: StateFolder, *, port: int) -> "EmulatorProcess":
        """Start the emulator on a loopback port; raises StartupError when its state or the port cannot be used."""
        root_key = RootKey()
        log = folder.open_log("emulator")
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "local.emulator",
                cwd=REPOSITORY, env=_environment(folder, root_key, port), start_new_session=True,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log,
            )  # fmt: skip
        finally:
            os.close(log)
        emulator = cls(process, "", root_key)
        try:
            emulator.endpoint = f"http://127.0.0.1:{await emulator._port(folder)}"
        except BaseException:
            await emulator.stop()
            raise
        return emulator

    async def _port(self, folder: StateFolder) -> int:
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), START_TIMEOUT_SECONDS)
        except TimeoutError:
            line = b""
        word, _, rest = line.decode().strip().partition(" ")
        if word == "port":
            return int(rest)
        if word == "broken":
            raise StartupError(
                f"The saved state in {folder.path} is broken: {rest}. Restore it from a copy, or move the folder away"
                " to start afresh."
            )
        if word == "refused":
            raise StartupError(rest)
        raise StartupError(f"The AWS emulator did not start; see {folder.logs / 'emulator.log'}")

    async def wait(self) -> None:
        """Return when the emulator has ended, which it does not by itself."""
        await self._process.wait()

    async def stop(self) -> None:
        """End the emulator; it saves its state first."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_TIMEOUT_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def client(self, service: str) -> Any:
        """Return a boto3 client of the account's root."""
        return self.root_key.session().client(service, endpoint_url=self.endpoint)


def _environment(folder: StateFolder, root_key: RootKey, port: int) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "HOME": str(folder.temporary),
        "TMPDIR": str(folder.temporary),
        "PYTHONPATH": str(REPOSITORY / "layers" / "gateway"),
        "AUTH": "true",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder.aws),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(folder.s3),
        "IOT_MTLS_ENABLED": "0",  # would listen on every interface
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{folder.temporary}/no-docker.sock",
        "SERVICES": SERVICES,
        "MINISTACK_REGION": REGION,
        "MINISTACK_WORKER_THREADS": "8",
        "LOG_LEVEL": "WARNING",
        "GATEWAY_PORT": str(port),
        "AWS_ACCESS_KEY_ID": root_key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": root_key.secret_access_key,
    }
