"""The first user and the first gateway key, and the file that tells a newcomer about them."""

import json
import secrets
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.deployment import STACK
from local.state_folder import StateFolder
from ownkey.admin.money import credit_user
from ownkey.admin.people import create_gateway_key, create_user, user_id_of
from ownkey.admin.stack import StackOutputs, stack_outputs
from ownkey.auth.gateway_keys import GatewayKeyAuthenticator
from ownkey.domain.dates import utc_now
from ownkey.domain.errors import ConflictError, InvalidGatewayKeyError, MissingGatewayKeyError
from ownkey.domain.secrets import Secret
from ownkey.storage.accounts import AccountRepository

EMAIL = "you@example.com"
FIRST_CREDIT_USD = Decimal(100)
GATEWAY_KEY_NAME = "Made by the first run"

ClientFactory = Callable[[str], Any]


def ensure_first_run(folder: StateFolder, client: ClientFactory, base_url: str) -> dict[str, str]:
    """Return what is in the file, after making the user, the key and a first credit where they are missing."""
    said = _read(folder)
    outputs = stack_outputs(client("cloudformation"), STACK)
    dynamodb = client("dynamodb")
    content = {**said, "base_url": base_url, "openai_base_url": f"{base_url}/api/v1"}
    if "password" not in said or not _works(said.get("gateway_key", ""), dynamodb, outputs):
        first_user, password = _first_user(client("cognito-idp"), outputs)
        gateway_key = create_gateway_key(dynamodb, outputs, first_user, GATEWAY_KEY_NAME)
        content |= {"gateway_key": gateway_key.reveal(), "email": EMAIL, "password": password.reveal()}
    user_id = user_id_of(client("cognito-idp"), outputs, EMAIL)
    credit_user(dynamodb, outputs, user_id, FIRST_CREDIT_USD, "first-run", "So that keys of the operator can be tried")
    if content != said:
        folder.write_private(folder.first_run, json.dumps(content, indent=2) + "\n")
    return content


def _read(folder: StateFolder) -> dict[str, str]:
    try:
        content = json.loads(folder.first_run.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _works(gateway_key: str, dynamodb: Any, outputs: StackOutputs) -> bool:
    accounts = AccountRepository(dynamodb, outputs.accounts_table, (ClientError, BotoCoreError))
    try:
        GatewayKeyAuthenticator(accounts, utc_now).authenticate({"x-api-key": gateway_key})
    except (InvalidGatewayKeyError, MissingGatewayKeyError):
        return False
    return True


def _first_user(cognito: Any, outputs: StackOutputs) -> tuple[str, Secret]:
    """Return the id and the password of the first user. A lost password is replaced; the user stays who they are."""
    try:
        return create_user(cognito, outputs, EMAIL)
    except ConflictError:
        password = Secret(f"{secrets.token_urlsafe(18)}-aA1")
        cognito.admin_set_user_password(
            UserPoolId=outputs.user_pool_id, Username=EMAIL, Password=password.reveal(), Permanent=True
        )
        return user_id_of(cognito, outputs, EMAIL), password
