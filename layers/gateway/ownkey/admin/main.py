"""The command line."""

import argparse
import sys
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, TextIO

from ownkey.adapters.registry import REGISTRY
from ownkey.admin.commands import Operator
from ownkey.admin.stack import stack_outputs
from ownkey.domain.errors import GatewayError
from ownkey.domain.money import is_chargeable


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
    _add_money(things)
    return parser


def _add_money(things: Any) -> None:
    money = things.add_parser("balance", help="prepaid balances of users").add_subparsers(
        required=True, metavar="action"
    )
    money.add_parser("list", help="list the balances").set_defaults(run=Operator.list_balances)
    for name, run in (("credit", Operator.credit_balance), ("show", Operator.show_balance)):
        action = money.add_parser(name, help=f"{name} the balance of a user, or of a team's owner")
        whose = action.add_mutually_exclusive_group(required=True)
        whose.add_argument("--email", help="the user")
        whose.add_argument("--team", help="the id of a team; its owner's balance pays for it")
        action.set_defaults(run=run)
        if name == "credit":
            action.add_argument("--usd", type=_usd, required=True, help="how much; below zero to correct")
            action.add_argument("--reference", type=_reference, required=True, help="such as an invoice; counts once")
            action.add_argument("--note")
    usage = things.add_parser("usage", help="usage records").add_subparsers(required=True, metavar="action")
    settle = usage.add_parser("settle", help="settle what the stream has missed; nothing is settled twice")
    settle.add_argument("--hours", type=_hours, default=24, help="how far back (default: 24)")
    settle.set_defaults(run=Operator.settle_usage)
    restore = usage.add_parser("restore", help="store records that were logged because they could not be; log on stdin")
    restore.set_defaults(run=Operator.restore_usage)


def _usd(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(0)
    if not is_chargeable(amount.copy_abs()) or not amount:
        raise argparse.ArgumentTypeError("must be an amount of US dollars, such as 25 or 0.50")
    return amount


def _reference(text: str) -> str:
    if not 1 <= len(text) <= 200 or not text.isprintable():
        raise argparse.ArgumentTypeError("must be 1 to 200 printable characters")
    return text


def _hours(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError("must be a whole number of hours")
    return int(text)


def _failed(message: str) -> int:
    print(f"ownkey-admin: {message}", file=sys.stderr)
    return 1
