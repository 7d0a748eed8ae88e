"""The operator's tool, against an emulated AWS."""

import io
import json
import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from botocore.exceptions import NoRegionError

from ownkey.admin import main
from ownkey.admin.people import create_gateway_key, create_user
from ownkey.admin.stack import OUTPUT_NAMES, StackOutputs, stack_outputs
from ownkey.auth.gateway_keys import GatewayKeyAuthenticator
from ownkey.domain.chat import Usage
from ownkey.domain.dates import utc_now
from ownkey.domain.errors import MisconfiguredError, StoreUnavailableError
from ownkey.domain.prices import Charge
from ownkey.domain.provider_keys import PLATFORM_OWNER
from ownkey.domain.secrets import Secret
from ownkey.domain.teams import ByokMode, Team, TeamStatus
from ownkey.domain.usage import UsageRecord
from ownkey.observability import Logger
from ownkey.services.usage_keeping import PatientUsageStore
from ownkey.storage.accounts import AccountRepository
from ownkey.storage.provider_keys import ProviderKeyRepository
from ownkey.storage.table import Table
from ownkey.storage.team_items import team_item
from ownkey.storage.usage import UsageRepository
from ownkey.vault.opening import KeyOpener
from tests.support.provider_keys import USUAL_KEYS
from tests.support.tables import BOTO_ERRORS, EMAIL, PASSWORD, REGION, EmulatedAws, emulated_aws, sessions_of
from tests.support.usage_records import usage_record

STACK = "ownkey"


def template(outputs: dict[str, str]) -> str:
    """Return a template that makes nothing of ours, and says `outputs`."""
    return json.dumps(
        {
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
            "Outputs": {name: {"Value": value} for name, value in outputs.items()},
        }
    )


@pytest.fixture(scope="module")
def module_aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        outputs = StackOutputs(
            accounts_table="Accounts",
            provider_keys_table="ProviderKeys",
            usage_table="Usage",
            provider_keys_kms_key=aws.kms_key_arn,
            user_pool_id=aws.user_pool_id,
            user_pool_client_id=aws.user_pool_client_id,
            api_url="https://example.com/prod",
        )
        said = {OUTPUT_NAMES[name]: getattr(outputs, name) for name in OUTPUT_NAMES}
        cloudformation = boto3.client("cloudformation", region_name=REGION)
        cloudformation.create_stack(StackName=STACK, TemplateBody=template(said))
        del said["UserPoolId"]
        cloudformation.create_stack(StackName="older", TemplateBody=template(said))
        yield aws


@pytest.fixture
def aws(module_aws: EmulatedAws) -> EmulatedAws:
    return module_aws.emptied()


class Result:
    def __init__(self, status: int, captured: Any) -> None:
        self.status = status
        self.out: str = captured.out
        self.err: str = captured.err


@pytest.fixture
def run(aws: EmulatedAws, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str, stdin: str = "") -> Result:
        status = main(["--stack", STACK, *arguments], stdin=io.StringIO(stdin))
        return Result(status, capsys.readouterr())

    return run


def test_a_stack_says_where_everything_is(aws: EmulatedAws) -> None:
    outputs = stack_outputs(boto3.client("cloudformation", region_name=REGION), STACK)
    assert outputs.accounts_table == "Accounts"
    assert outputs.api_url == "https://example.com/prod"


def test_a_stack_of_another_release_is_named(aws: EmulatedAws) -> None:
    with pytest.raises(MisconfiguredError, match="older has no output UserPoolId"):
        stack_outputs(boto3.client("cloudformation", region_name=REGION), "older")


def test_a_created_user_can_sign_in_with_the_printed_password(aws: EmulatedAws, run: Any) -> None:
    result = run("user", "create", "--email", "new@example.com")
    assert result.status == 0
    password = result.out.split()[-1]
    sessions = sessions_of(aws)
    assert sessions.sign_in("new@example.com", Secret(password)).access_token

    assert len(password) == 28
    assert any(character.islower() for character in password)
    assert any(character.isupper() for character in password)
    assert any(character.isdigit() for character in password)


def test_a_given_password_is_read_from_stdin_and_not_printed(aws: EmulatedAws, run: Any) -> None:
    result = run("user", "create", "--email", "given@example.com", "--password-stdin", stdin=f"{PASSWORD}\n")
    sessions = sessions_of(aws)
    assert sessions.sign_in("given@example.com", Secret(PASSWORD)).access_token
    assert PASSWORD not in result.out + result.err


def test_a_user_is_created_once(run: Any) -> None:
    result = run("user", "create", "--email", EMAIL)
    assert (result.status, result.out) == (1, "")
    assert result.err == f"ownkey-admin: There is a user {EMAIL} already.\n"


def test_a_weak_password_leaves_no_user_behind(aws: EmulatedAws, run: Any) -> None:
    result = run("user", "create", "--email", "weak@example.com", "--password-stdin", stdin="weak")
    assert (result.status, result.out) == (1, "")
    assert "too weak" in result.err
    assert run("user", "create", "--email", "weak@example.com").status == 0


def test_an_aws_that_is_out_of_reach_is_one_clear_line(aws: EmulatedAws, capsys: pytest.CaptureFixture[str]) -> None:
    with patch("boto3.client", side_effect=NoRegionError):
        assert main(["provider-keys", "list"]) == 1
    assert capsys.readouterr().err == "ownkey-admin: AWS cannot be asked: You must specify a region.\n"


def test_a_printed_gateway_key_works(aws: EmulatedAws, run: Any) -> None:
    result = run("gateway-key", "create", "--email", EMAIL, "--name", "laptop")
    accounts = AccountRepository(aws.dynamodb, "Accounts", BOTO_ERRORS)
    shown = {"x-api-key": result.out.split()[-1]}
    assert GatewayKeyAuthenticator(accounts, utc_now).authenticate(shown).user_id == aws.user_id
    assert [key.name for key in accounts.list_gateway_keys(aws.user_id)] == ["laptop"]


def test_a_gateway_key_needs_a_user(run: Any) -> None:
    result = run("gateway-key", "create", "--email", "nobody@example.com")
    assert result.status == 1
    assert "There is no user nobody@example.com" in result.err


@pytest.mark.parametrize("provider", ["openai", "azure", "tavily"])
def test_a_platform_key_is_sealed_like_any_other(aws: EmulatedAws, run: Any, provider: str) -> None:
    key = USUAL_KEYS[provider]
    text = key if isinstance(key, str) else json.dumps(key, indent=2)

    result = run("provider-keys", "set", provider, stdin=f"{text}\n")

    assert result.status == 0, result.err
    stored = ProviderKeyRepository(aws.dynamodb, "ProviderKeys", BOTO_ERRORS).load_for_use(PLATFORM_OWNER, provider)
    assert stored is not None
    secret = key if isinstance(key, str) else key["apiKey"]
    opener = KeyOpener(aws.kms, aws.kms_key_arn, BOTO_ERRORS, monotonic=lambda: 0.0)
    assert opener.open(stored).api_key == Secret(secret)
    assert secret not in result.out + result.err + str(aws.items("ProviderKeys"))
    assert f"ending in {secret[-4:]}" in run("provider-keys", "list").out


def test_a_surprising_key_is_stored_with_a_warning(run: Any) -> None:
    result = run("provider-keys", "set", "openai", stdin="surprisingly-unusual-key")
    assert result.status == 0
    assert "does not look like a usual OpenAI key" in result.err
    assert "surprisingly" not in result.err


@pytest.mark.parametrize("stdin", ["", " \n", "with inner space"])
def test_a_key_that_cannot_be_one_is_refused(aws: EmulatedAws, run: Any, stdin: str) -> None:
    result = run("provider-keys", "set", "openai", stdin=stdin)
    assert (result.status, aws.items("ProviderKeys")) == (1, [])
    assert result.err.startswith("ownkey-admin: ")


def test_a_deleted_platform_key_is_gone(aws: EmulatedAws, run: Any) -> None:
    run("provider-keys", "set", "openai", stdin=str(USUAL_KEYS["openai"]))
    assert [run("provider-keys", "delete", "openai").status for _ in range(2)] == [0, 1]
    assert aws.items("ProviderKeys") == []
    assert run("provider-keys", "list").out == ""


def test_a_key_is_never_taken_from_the_command_line(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("provider-keys", "set", "openai", "sk-on-the-command-line")


def test_an_unknown_provider_is_refused(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("provider-keys", "set", "nobody")
    assert "invalid choice" in capsys.readouterr().err


def test_a_missing_stack_is_one_clear_line(aws: EmulatedAws, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--stack", "nowhere", "provider-keys", "list"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_the_local_stack_can_create_the_first_user_and_key(aws: EmulatedAws) -> None:
    outputs = stack_outputs(boto3.client("cloudformation", region_name=REGION), STACK)
    user_id, password = create_user(aws.cognito, outputs, "first@example.com", Secret(PASSWORD))
    text = create_gateway_key(aws.dynamodb, outputs, user_id, "first")
    assert password == Secret(PASSWORD)
    assert text.reveal().startswith("ok-")
    assert PASSWORD not in repr((user_id, password, text))


# Money.


@pytest.fixture
def team_id(aws: EmulatedAws) -> str:
    team = Team(
        team_id="t1", name="T", owner_id="olga", status=TeamStatus.ACTIVE, byok_mode=ByokMode.DISABLED, created_at="x"
    )
    Table(aws.dynamodb, "Accounts", BOTO_ERRORS).put(team_item(team))
    return team.team_id


def test_a_credit_counts_once_under_its_reference(aws: EmulatedAws, run: Any) -> None:
    credit = ("balance", "credit", "--email", EMAIL, "--usd", "25.50", "--reference", "invoice-1")
    first, again = run(*credit, "--note", "thank you"), run(*credit)
    assert (first.status, first.out) == (0, "Credited: 25.50 USD for invoice-1.\nBalance: 25.50 USD\n")
    assert again.out == "Was credited already: 25.50 USD for invoice-1.\nBalance: 25.50 USD\n"
    other = run("balance", "credit", "--email", EMAIL, "--usd", "26", "--reference", "invoice-1")
    assert (other.status, "stands for another amount" in other.err) == (1, True)
    assert run("balance", "credit", "--email", EMAIL, "--usd=-5.5", "--reference", "correction").status == 0
    shown = run("balance", "show", "--email", EMAIL).out
    assert "invoice-1  thank you" in shown
    assert shown.endswith("Balance: 20.00 USD\n")
    assert run("balance", "list").out == f"{aws.user_id}  20.00 USD\n"


def test_a_teams_owner_is_credited(aws: EmulatedAws, run: Any, team_id: str) -> None:
    assert run("balance", "credit", "--team", team_id, "--usd", "1", "--reference", "r").status == 0
    assert run("balance", "list").out == "olga  1 USD\n"
    assert run("balance", "show", "--team", "t2").status == 1


@pytest.mark.parametrize(
    "wrong",
    [
        ("--email", EMAIL, "--usd", "0"),
        ("--email", EMAIL, "--usd", "lots"),
        ("--email", EMAIL, "--usd", "NaN"),
        ("--email", EMAIL, "--usd", "1e30"),
        ("--email", EMAIL, "--usd", "sNaN"),
        ("--email", EMAIL, "--usd", "1e9999999"),
        ("--email", EMAIL, "--usd", "123456.12345678901234567890123456789012"),
        ("--email", EMAIL, "--team", "t1", "--usd", "1"),
        ("--usd", "1"),
    ],
)
def test_a_credit_that_makes_no_sense_is_refused(
    run: Any, wrong: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run("balance", "credit", "--reference", "r", *wrong)
    assert run("balance", "list").out == ""


def test_records_that_the_stream_missed_are_settled_once(aws: EmulatedAws, run: Any) -> None:
    usage = UsageRepository(aws.dynamodb, "Usage", BOTO_ERRORS)
    charge = Charge(list_price=Decimal(1), platform_fee=Decimal(0), amount=Decimal("0.25"))
    dice = random.Random(1)
    for number, age in enumerate((timedelta(hours=1), timedelta(hours=3))):
        started_at = utc_now() - age
        usage.put(
            usage_record(number, dice, user_id="u", payer_id="u", team_id=None, charge=charge, started_at=started_at)
        )
    assert run("usage", "settle", "--hours", "2").out == "Looked at 1 records; 1 are settled.\n"
    assert run("balance", "list").out == "u  -0.25 USD\n"
    for _ in range(2):
        assert run("usage", "settle").out == "Looked at 2 records; 2 are settled.\n"
    assert run("balance", "list").out == "u  -0.50 USD\n"


def lost(records: list[UsageRecord]) -> str:
    """Return the log of a function whose table takes nothing."""
    log = io.StringIO()

    class Broken:
        def put(self, record: UsageRecord) -> None:
            raise StoreUnavailableError("PutItem on table Usage failed: InternalServerError")

    logger = Logger(service="chat", stream=log)
    logger.info("chat completion", request_id="req-0")
    store = PatientUsageStore(store=Broken(), logger=logger, sleep=lambda seconds: None)
    for record in records:
        store.put(record)
    return log.getvalue()


def test_records_that_were_lost_are_put_back_from_the_log_as_they_were(aws: EmulatedAws, run: Any) -> None:
    usage = Usage(input_tokens=9, output_tokens=4, hour_cache_write_tokens=1, reported_cost=Decimal("1E-17"))
    priced = Charge(
        list_price=Decimal("0.1234567890123456789"),
        source="catalog",
        effective_at=date(2026, 3, 1),
        catalog_version="v",
    )
    dice = random.Random(2)
    records = [usage_record(number, dice) for number in range(20)]
    records.append(
        usage_record(20, dice, usage=usage, charge=priced, credential="platform", error_code="provider_error")
    )
    records.append(usage_record(21, dice, charge=Charge().waived(), outcome="failed", time_to_first_byte_ms=7))
    UsageRepository(aws.dynamodb, "Usage", BOTO_ERRORS).put(records[0])
    lines = [f"2026-11-26T18:00:00 {line}" for line in lost(records[1:]).splitlines()]
    log = "\n".join(["START RequestId: 1", *lines, "END {", "{}"])
    for _ in range(2):
        assert run("usage", "restore", stdin=log).out == "21 records are stored.\n"
    restored = sorted(aws.items("Usage"), key=str)
    aws.emptied()
    for record in records:
        UsageRepository(aws.dynamodb, "Usage", BOTO_ERRORS).put(record)
    assert restored == sorted(aws.items("Usage"), key=str)


def test_a_record_that_cannot_be_read_back_is_said(run: Any) -> None:
    result = run("usage", "restore", stdin='{"record": {"request_id": "req-1"}}\n{"record": 7}\n')
    assert (result.status, result.out) == (1, "0 records are stored.\n")
    assert "1 lines" in result.err


def test_records_that_cannot_be_settled_are_named(aws: EmulatedAws, run: Any) -> None:
    item: dict[str, Any] = {"pk": "user#u", "sk": "usage#1", "started_at": "2999-01-01T00:00:00.000Z", "version": 99}
    Table(aws.dynamodb, "Usage", BOTO_ERRORS).put(item)
    result = run("usage", "settle")
    assert (result.status, result.out) == (1, "Looked at 1 records; 0 are settled.\n")
    assert "user#u usage#1: " in result.err
