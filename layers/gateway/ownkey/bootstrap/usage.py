"""UsageFunction."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ownkey.bootstrap.people import build_authenticator
from ownkey.bootstrap.shared import boto3_client, boto3_errors, build_audit_trail, build_logger
from ownkey.config import Settings
from ownkey.domain.dates import utc_now
from ownkey.domain.teams import Team
from ownkey.observability import Logger
from ownkey.services.authentication import Authenticator
from ownkey.services.teams.access import Access, Visitor, enter
from ownkey.services.usage_export import UsageExport
from ownkey.services.usage_reports import UsageReports
from ownkey.storage.accounts import AccountRepository
from ownkey.storage.balances import BalanceRepository
from ownkey.storage.rollups import RollupReader
from ownkey.storage.team_members import MemberRepository
from ownkey.storage.teams import TeamRepository
from ownkey.storage.usage import UsageRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageFunction:
    """What the function of reports is made of."""

    authenticator: Authenticator
    reports: UsageReports
    export: UsageExport
    team_of: Callable[[Mapping[str, str], str], Team]
    """Returns a team of whoever is signed in with these headers; raises NotSignedInError or NotFoundError."""
    logger: Logger


def build_usage_function(settings: Settings) -> UsageFunction:
    """Return what reports usage and balances. Nothing it is given writes, or knows a KMS key."""
    dynamodb, errors, table = boto3_client(settings, "dynamodb"), boto3_errors(), settings.accounts_table
    trail = build_audit_trail(settings, dynamodb)
    teams = TeamRepository(dynamodb, table, errors, trail)
    reports = UsageReports(
        rollups=RollupReader(dynamodb, settings.usage_table, errors),
        balances=BalanceRepository(dynamodb, table, errors),
        keys=AccountRepository(dynamodb, table, errors),
        members=MemberRepository(dynamodb, table, errors, trail),
        now=utc_now,
    )

    authenticator = build_authenticator(settings)

    def team_of(headers: Mapping[str, str], team_id: str) -> Team:
        person = authenticator.person(headers, "GET")
        return enter(teams, Visitor(user_id=person.user_id, email=""), team_id, Access.MEMBERS).team

    return UsageFunction(
        authenticator=authenticator,
        reports=reports,
        export=UsageExport(reports=reports, records=UsageRepository(dynamodb, settings.usage_table, errors)),
        team_of=team_of,
        logger=build_logger(settings, service="usage"),
    )
