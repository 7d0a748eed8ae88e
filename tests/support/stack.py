"""The whole local stack as a test sees it: `python -m local` with a state folder of its own, and its emulated AWS.

with LocalStack(folder, {"openai": "http://127.0.0.1:9000/openai"}) as stack:
    ...call stack.base_url with stack.gateway_key...
    stack.role_client("ChatFunction", "kms").encrypt(...)   # refused: the function's own role
"""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

import boto3
from botocore.exceptions import ClientError

from ownkey.adapters.credentials import parse_credential
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.dates import iso_utc, utc_now
from ownkey.domain.provider_keys import KeyStatus, ProviderKey
from ownkey.storage.balances import BalanceRepository, Credit
from ownkey.storage.provider_keys import ProviderKeyRepository
from ownkey.vault.sealing import KeySealer

REPOSITORY = Path(__file__).resolve().parent.parent.parent
STACK = "ownkey-local"
CANARY = "A_VARIABLE_OF_THE_SHELL"
"""Set where the stack is started; no function may see it."""
START_TIMEOUT_SECONDS = 50
STOP_TIMEOUT_SECONDS = 25
SETTLED_WITHIN_SECONDS = 15


def stack_environment(state_dir: Path, upstreams: Mapping[str, str] | None = None, port: int = 0) -> dict[str, str]:
    """Return the environment of a `make run` of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OWNKEY_", "AWS_"))}
    return {
        **kept,
        CANARY: "x",
        "PYTHONPATH": str(REPOSITORY / "layers" / "gateway"),
        "OWNKEY_STATE_DIR": str(state_dir),
        "OWNKEY_UPSTREAMS": json.dumps(dict(upstreams)) if upstreams else "",
        "PORT": str(port),
    }


class LocalStack:
    """A running stack. It can be stopped, killed and started again on the same state."""

    def __init__(self, state_dir: Path, upstreams: Mapping[str, str] | None = None, *, port: int = 0) -> None:
        self.state_dir = state_dir
        self._environment = stack_environment(state_dir, upstreams, port)
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: dict[tuple[str, str], Any] = {}
        self._session = boto3.session.Session()
        self._said_outputs: dict[str, str] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.stop()

    # The process.

    def start(self) -> None:
        """Start, and wait until it is ready."""
        output = self.state_dir.parent / f"{self.state_dir.name}.out"
        with output.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local"],
                cwd=REPOSITORY,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        give_up_at = time.monotonic() + START_TIMEOUT_SECONDS
        while b"OwnKey is ready" not in output.read_bytes():
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                self.kill()
                raise AssertionError(f"the stack did not start:\n{output.read_text()}")
            time.sleep(0.05)

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """End it as Ctrl-C does; return its exit code."""
        process = self._let_go()
        process.send_signal(number)
        return process.wait(STOP_TIMEOUT_SECONDS)

    def kill(self) -> None:
        """End it without warning."""
        process = self._let_go()
        process.kill()
        process.wait(STOP_TIMEOUT_SECONDS)

    def _let_go(self) -> "subprocess.Popen[bytes]":
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        process, self._process = self._process, None
        assert process is not None
        return process

    @property
    def process_id(self) -> int:
        """The id of the process that `make run` becomes."""
        assert self._process is not None
        return self._process.pid

    # What callers know.

    @property
    def first_run(self) -> dict[str, str]:
        """What first-run.json says."""
        content: dict[str, str] = json.loads((self.state_dir / "first-run.json").read_text())
        return content

    @property
    def base_url(self) -> str:
        """The address of the API, without a path."""
        return self.first_run["base_url"]

    @property
    def gateway_key(self) -> str:
        """The first user's gateway key."""
        return self.first_run["gateway_key"]

    # What the operator knows.

    @property
    def operator(self) -> dict[str, str]:
        """The environment with which the operator's tools work on this stack."""
        lines = (self.state_dir / "operator.env").read_text().splitlines()
        return dict(line.removeprefix("export ").split("=", 1) for line in lines)

    @property
    def outputs(self) -> dict[str, str]:
        """The outputs of the deployed template."""
        if not self._said_outputs:
            [stack] = self.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
            self._said_outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        return self._said_outputs

    @property
    def user_id(self) -> str:
        """The first user's id."""
        user = self.client("cognito-idp").admin_get_user(
            UserPoolId=self.outputs["UserPoolId"], Username=self.first_run["email"]
        )
        return next(str(each["Value"]) for each in user["UserAttributes"] if each["Name"] == "sub")

    def client(self, service: str) -> Any:
        """Return a boto3 client of the account's root."""
        said = self.operator
        return self._client("root", service, said["AWS_ACCESS_KEY_ID"], said["AWS_SECRET_ACCESS_KEY"], None)

    def role_client(self, function: str, service: str) -> Any:
        """Return a boto3 client that may do what a function (by logical id) may do, and no more."""
        resource = self.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=function)
        name = resource["StackResourceDetail"]["PhysicalResourceId"]
        role = self.client("lambda").get_function_configuration(FunctionName=name)["Role"]
        issued = self.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        return self._client(function, service, issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"])

    def _client(self, who: str, service: str, key_id: str, secret: str, token: str | None) -> Any:
        if (who, service) not in self._clients:
            said = self.operator
            self._clients[who, service] = self._session.client(
                service,
                region_name=said["AWS_REGION"],
                endpoint_url=said["AWS_ENDPOINT_URL"],
                aws_access_key_id=key_id,
                aws_secret_access_key=secret,
                aws_session_token=token,
            )
        return self._clients[who, service]

    def credit(self, user_id: str, usd: str = "100", reference: str = "test") -> None:
        """Credit a user, as the operator would: what runs on the operator's keys needs a balance."""
        credit = Credit(reference=reference, amount_usd=Decimal(usd), at=iso_utc(utc_now()))
        BalanceRepository(self.client("dynamodb"), self.outputs["AccountsTableName"], (ClientError,)).credit(
            user_id, credit
        )

    def store_provider_key(self, provider: str, key: str | Mapping[str, str], owner: str | None = None) -> ProviderKey:
        """Seal and store a key as its function would, without trying it first; the owner is the first user."""
        parsed = parse_credential(REGISTRY[provider], key)
        outputs, now = self.outputs, iso_utc(utc_now())
        unsealed = {
            "owner": owner or f"user#{self.user_id}",
            "provider": provider,
            "key_id": str(uuid.uuid4()),
        }
        sealer = KeySealer(self.client("kms"), outputs["ProviderKeysKeyArn"], ())
        stored = ProviderKey(
            **unsealed,
            key_suffix=parsed.credential.suffix,
            status=KeyStatus.ACTIVE,
            created_at=now,
            updated_at=now,
            ciphertext=sealer.seal(parsed.credential, unsealed),
        )
        ProviderKeyRepository(self.client("dynamodb"), outputs["ProviderKeysTableName"], ()).save(stored)
        return stored


def eventually(look: Callable[[], Any], expected: Any) -> None:
    """Return once `look` gives what is expected: usage is settled a moment after a request."""
    give_up_at = time.monotonic() + SETTLED_WITHIN_SECONDS
    while (seen := look()) != expected and time.monotonic() < give_up_at:
        time.sleep(0.1)
    assert seen == expected
