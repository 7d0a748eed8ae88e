"""The commands, one method each."""

import argparse
import getpass
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TextIO

from ownkey.admin.lost_usage import restore_usage
from ownkey.admin.money import balances, credit_user, owner_of, settle_usage, users_with_balances
from ownkey.admin.people import create_gateway_key, create_user, user_id_of
from ownkey.admin.platform_keys import platform_keys, set_platform_key
from ownkey.admin.stack import StackOutputs
from ownkey.domain.dates import utc_now
from ownkey.domain.errors import ConflictError, InvalidInputError, NotFoundError
from ownkey.domain.provider_keys import PLATFORM_OWNER, ProviderKey
from ownkey.domain.secrets import Secret


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
        for key in platform_keys(self._client("dynamodb"), self._outputs).list(PLATFORM_OWNER):
            print(f"{key.provider:<24} {key.status.value:<10} since {key.created_at}{_ending(key)}")

    def delete_provider_key(self, chosen: argparse.Namespace) -> None:
        """Erase the platform's own key of a provider."""
        if not platform_keys(self._client("dynamodb"), self._outputs).delete(PLATFORM_OWNER, chosen.provider):
            raise NotFoundError(f"The platform has no {chosen.provider} key.")
        print(f"Deleted the platform's {chosen.provider} key.")

    def credit_balance(self, chosen: argparse.Namespace) -> None:
        """Credit a user, or the owner of a team, once for each reference."""
        user_id = self._holder(chosen)
        dynamodb = self._client("dynamodb")
        new = credit_user(dynamodb, self._outputs, user_id, chosen.usd, chosen.reference, chosen.note)
        left = balances(dynamodb, self._outputs).balance_of(user_id)
        print(f"{'Credited' if new else 'Was credited already'}: {chosen.usd:f} USD for {chosen.reference}.")
        print(f"Balance: {left:f} USD")

    def show_balance(self, chosen: argparse.Namespace) -> None:
        """Print what a user, or the owner of a team, has left, and what was credited."""
        user_id = self._holder(chosen)
        repository = balances(self._client("dynamodb"), self._outputs)
        for credit in sorted(repository.credits_of(user_id), key=lambda each: each.at):
            print(f"{credit.at}  {credit.amount_usd:>14f} USD  {credit.reference}  {credit.note or ''}".rstrip())
        print(f"Balance: {repository.balance_of(user_id):f} USD")

    def list_balances(self, _: argparse.Namespace) -> None:
        """Print the balances of all users that have one."""
        dynamodb = self._client("dynamodb")
        for user_id in users_with_balances(dynamodb, self._outputs):
            print(f"{user_id}  {balances(dynamodb, self._outputs).balance_of(user_id):f} USD")

    def settle_usage(self, chosen: argparse.Namespace) -> None:
        """Settle usage records that are not settled, whatever became of the stream."""
        since = utc_now() - timedelta(hours=chosen.hours)
        seen, failures = settle_usage(self._client("dynamodb"), self._outputs, since)
        for record_id, error in failures.items():
            print(f"{record_id}: {error}", file=sys.stderr)
        print(f"Looked at {seen} records; {seen - len(failures)} are settled.")
        if failures:
            raise ConflictError(f"{len(failures)} records cannot be settled.")

    def restore_usage(self, _: argparse.Namespace) -> None:
        """Store the usage records that stand in the log lines of standard input."""
        found, unreadable = restore_usage(self._client("dynamodb"), self._outputs, self._stdin)
        print(f"{found} records are stored.")
        if unreadable:
            raise InvalidInputError(f"{unreadable} lines have a record that cannot be read. Look at them by hand.")

    def _holder(self, chosen: argparse.Namespace) -> str:
        if chosen.team:
            return owner_of(self._client("dynamodb"), self._outputs, chosen.team.lower())
        return user_id_of(self._client("cognito-idp"), self._outputs, chosen.email)

    def _read_secret(self, prompt: str) -> str:
        text = getpass.getpass(prompt) if self._stdin.isatty() else self._stdin.read()
        if not text.strip():
            raise InvalidInputError("Nothing came from standard input. Pipe the secret in, or type it when asked.")
        return text.strip()


def _ending(key: ProviderKey) -> str:
    return f", ending in {key.key_suffix}" if key.key_suffix else ""
