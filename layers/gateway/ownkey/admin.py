"""`ownkey-admin`: what an operator does once and by hand. Users, their first gateway key, and the platform's own keys.

It finds a deployed stack's tables and keys in the stack's outputs, and calls AWS as the AWS command line would: by its
profiles, environment and `AWS_ENDPOINT_URL`. Secrets come from standard input and never from the command line.
"""

import argparse
import getpass
import secrets
import sys
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, TextIO

from ownkey.adapters.credentials import parse_credential
from ownkey.adapters.registry import REGISTRY
from ownkey.auth.gateway_keys import mint
from ownkey.domain.dates import iso_utc, utc_now
from ownkey.domain.errors import ConflictError, GatewayError, InvalidInputError, MisconfiguredError, NotFoundError
from ownkey.domain.provider_keys import PLATFORM_OWNER, KeyStatus, ProviderKey
from ownkey.domain.secrets import Secret
from ownkey.storage.accounts import AccountRepository
from ownkey.storage.provider_keys import ProviderKeyRepository
from ownkey.vault.sealing import KeySealer

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient


@dataclass(frozen=True, slots=True, kw_only=True)
class StackOutputs:
    """What a deployed stack says of itself."""

    accounts_table: str
    provider_keys_table: str
    usage_table: str
    provider_keys_kms_key: str
    user_pool_id: str
    user_pool_client_id: str
    api_url: str


OUTPUT_NAMES = {
    "accounts_table": "AccountsTableName",
    "provider_keys_table": "ProviderKeysTableName",
    "usage_table": "UsageTableName",
    "provider_keys_kms_key": "ProviderKeysKeyArn",
    "user_pool_id": "UserPoolId",
    "user_pool_client_id": "UserPoolClientId",
    "api_url": "ApiUrl",
}
"""The template's outputs, by our names."""


def main(arguments: Sequence[str] | None = None, stdin: TextIO | None = None) -> int:
    """Run one command; return the exit status."""
    chosen = _parser().parse_args(arguments)
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        outputs = stack_outputs(boto3.client("cloudformation"), chosen.stack)
        chosen.run(Operator(boto3.client, outputs, stdin or sys.stdin), chosen)
    except GatewayError as exc:
        return _failed(exc.message)
    except ClientError as exc:
        return _failed(f"AWS refused {exc.operation_name}: {exc.response['Error'].get('Message', 'no reason given')}")
    except BotoCoreError as exc:
        return _failed(f"AWS cannot be asked: {exc}")
    return 0


def stack_outputs(cloudformation: "CloudFormationClient", stack_name: str) -> StackOutputs:
    """Return the outputs of a deployed stack; raises MisconfiguredError when one is missing."""
    [stack] = cloudformation.describe_stacks(StackName=stack_name)["Stacks"]
    said = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    missing = sorted(set(OUTPUT_NAMES.values()) - said.keys())
    if missing:
        raise MisconfiguredError(f"The stack {stack_name} has no output {missing[0]}. Deploy this release's template.")
    return StackOutputs(**{field.name: said[OUTPUT_NAMES[field.name]] for field in fields(StackOutputs)})


def create_user(
    cognito: "CognitoIdentityProviderClient", outputs: StackOutputs, email: str, password: Secret | None = None
) -> tuple[str, Secret]:
    """Create a user who can sign in at once; return their id and password, made up here when none is given.

    Raises:
        ConflictError: there is such a user.
        InvalidInputError: the password is weaker than the user pool allows.
    """
    password = password or _made_up_password()
    pool, said = outputs.user_pool_id, {"email": email, "email_verified": "true"}
    try:
        created = cognito.admin_create_user(
            UserPoolId=pool,
            Username=email,
            MessageAction="SUPPRESS",
            UserAttributes=[{"Name": name, "Value": value} for name, value in said.items()],
        )
        cognito.admin_set_user_password(UserPoolId=pool, Username=email, Password=password.reveal(), Permanent=True)
    except cognito.exceptions.UsernameExistsException as exc:
        raise ConflictError(f"There is a user {email} already.") from exc
    except cognito.exceptions.InvalidPasswordException as exc:
        cognito.admin_delete_user(UserPoolId=pool, Username=email)
        raise InvalidInputError("The password is too weak. Take 12 characters or more, of three kinds.") from exc
    return _sub(created["User"]["Attributes"]), password


def user_id_of(cognito: "CognitoIdentityProviderClient", outputs: StackOutputs, email: str) -> str:
    """Return the id of a user; raises NotFoundError."""
    try:
        found = cognito.admin_get_user(UserPoolId=outputs.user_pool_id, Username=email)
    except cognito.exceptions.UserNotFoundException as exc:
        raise NotFoundError(f"There is no user {email}. Create one with `ownkey-admin user create`.") from exc
    return _sub(found["UserAttributes"])


def create_gateway_key(dynamodb: "DynamoDBClient", outputs: StackOutputs, user_id: str, name: str) -> Secret:
    """Create a gateway key of a user; return its text, which cannot be had again."""
    accounts = AccountRepository(dynamodb, outputs.accounts_table, _client_errors())
    key, text = mint(user_id=user_id, name=name, now=utc_now(), default_team_id=accounts.default_team(user_id))
    accounts.add_gateway_key(key)
    return text


def set_platform_key(
    dynamodb: "DynamoDBClient", kms: "KMSClient", outputs: StackOutputs, provider: str, key: str
) -> tuple[ProviderKey, tuple[str, ...]]:
    """Seal and store the platform's key of a provider; return it, and warnings; raises InvalidInputError."""
    parsed = parse_credential(REGISTRY[provider], key)
    now = iso_utc(utc_now())
    unsealed = ProviderKey(
        owner=PLATFORM_OWNER,
        provider=provider,
        key_id=str(uuid.uuid4()),
        key_suffix=parsed.credential.suffix,
        status=KeyStatus.UNVERIFIED,
        created_at=now,
        updated_at=now,
    )
    sealer = KeySealer(kms, outputs.provider_keys_kms_key, _client_errors())
    stored = replace(unsealed, ciphertext=sealer.seal(parsed.credential, unsealed.encryption_context))
    _provider_keys(dynamodb, outputs).save(stored)
    return stored, parsed.warnings


@dataclass(frozen=True, slots=True)
class Operator:
    """The commands, against one stack."""

    _client: Callable[[str], Any]
    _outputs: StackOutputs
    _stdin: TextIO

    def create_user(self, chosen: argparse.Namespace) -> None:
        """Create a user, and print a made-up password once."""
        given = Secret(self._read_secret("Password: ")) if chosen.password_stdin else None
        _, password = create_user(self._client("cognito-idp"), self._outputs, chosen.email, given)
        print(f"Created {chosen.email}.")
        if given is None:
            print(f"Password, shown this once: {password.reveal()}")

    def create_gateway_key(self, chosen: argparse.Namespace) -> None:
        """Create a gateway key, and print it once."""
        user_id = user_id_of(self._client("cognito-idp"), self._outputs, chosen.email)
        text = create_gateway_key(self._client("dynamodb"), self._outputs, user_id, chosen.name)
        print(f"Gateway key, shown this once: {text.reveal()}")

    def set_provider_key(self, chosen: argparse.Namespace) -> None:
        """Store the platform's own key of a provider."""
        key = self._read_secret(f"{chosen.provider} key: ")
        dynamodb, kms = self._client("dynamodb"), self._client("kms")
        stored, warnings = set_platform_key(dynamodb, kms, self._outputs, chosen.provider, key)
        for warning in warnings:
            print(warning, file=sys.stderr)
        print(f"Stored the platform's {stored.provider} key{_ending(stored)}.")

    def list_provider_keys(self, _: argparse.Namespace) -> None:
        """Print the platform's own keys."""
        for key in _provider_keys(self._client("dynamodb"), self._outputs).list(PLATFORM_OWNER):
            print(f"{key.provider:<24} {key.status.value:<10} since {key.created_at}{_ending(key)}")

    def delete_provider_key(self, chosen: argparse.Namespace) -> None:
        """Erase the platform's own key of a provider."""
        if not _provider_keys(self._client("dynamodb"), self._outputs).delete(PLATFORM_OWNER, chosen.provider):
            raise NotFoundError(f"The platform has no {chosen.provider} key.")
        print(f"Deleted the platform's {chosen.provider} key.")

    def _read_secret(self, prompt: str) -> str:
        text = getpass.getpass(prompt) if self._stdin.isatty() else self._stdin.read()
        if not text.strip():
            raise InvalidInputError("Nothing came from standard input. Pipe the secret in, or type it when asked.")
        return text.strip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ownkey-admin", description="Manage a deployed OwnKey stack.")
    parser.add_argument("--stack", default="ownkey", help="the stack's name (default: ownkey)")
    things = parser.add_subparsers(required=True, metavar="what")
    users = things.add_parser("user", help="people who sign in").add_subparsers(required=True, metavar="action")
    create = users.add_parser("create", help="create a user with a permanent password")
    create.add_argument("--email", required=True)
    create.add_argument("--password-stdin", action="store_true", help="read the password instead of making one up")
    create.set_defaults(run=Operator.create_user)
    keys = things.add_parser("gateway-key", help="keys of callers").add_subparsers(required=True, metavar="action")
    mint_key = keys.add_parser("create", help="create a gateway key of a user")
    mint_key.add_argument("--email", required=True)
    mint_key.add_argument("--name", default="Made by the operator")
    mint_key.set_defaults(run=Operator.create_gateway_key)
    platform = things.add_parser("provider-keys", help="the platform's own provider keys")
    actions = platform.add_subparsers(required=True, metavar="action")
    actions.add_parser("list", help="list them").set_defaults(run=Operator.list_provider_keys)
    for name, run in (("set", Operator.set_provider_key), ("delete", Operator.delete_provider_key)):
        action = actions.add_parser(name, help=f"{name} one; a key is read from standard input")
        action.add_argument("provider", choices=sorted(REGISTRY), metavar="provider")
        action.set_defaults(run=run)
    return parser


def _failed(message: str) -> int:
    print(f"ownkey-admin: {message}", file=sys.stderr)
    return 1


def _provider_keys(dynamodb: "DynamoDBClient", outputs: StackOutputs) -> ProviderKeyRepository:
    return ProviderKeyRepository(dynamodb, outputs.provider_keys_table, _client_errors())


def _client_errors() -> tuple[type[Exception], ...]:
    from botocore.exceptions import BotoCoreError, ClientError

    return (ClientError, BotoCoreError)


def _sub(attributes: Any) -> str:
    return next(str(attribute["Value"]) for attribute in attributes if attribute["Name"] == "sub")


def _ending(key: ProviderKey) -> str:
    return f", ending in {key.key_suffix}" if key.key_suffix else ""


def _made_up_password() -> Secret:
    # 144 random bits, and one character of each kind that a user pool may ask for.
    return Secret(secrets.token_urlsafe(18) + "-aA1")
