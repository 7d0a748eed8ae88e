"""TeamsFunction."""

from ownkey.bootstrap.shared import boto3_client, boto3_errors, build_audit_trail, build_logger
from ownkey.config import Settings
from ownkey.domain.dates import utc_now
from ownkey.services.teams.directory import TeamDirectory
from ownkey.services.teams.doors import TeamDoors
from ownkey.services.teams.front import TeamFront
from ownkey.services.teams.mailer import SesMailer
from ownkey.services.teams.people import TeamPeople
from ownkey.storage.invitations import InvitationRepository
from ownkey.storage.provider_keys import ProviderKeyRepository
from ownkey.storage.rate_limits import RateLimiter
from ownkey.storage.spending import SpendingReader
from ownkey.storage.team_members import MemberRepository
from ownkey.storage.teams import TeamRepository


def build_team_front(settings: Settings) -> TeamFront:
    """Return what answers the team routes. Nothing it is given knows a KMS key."""
    dynamodb, errors, table = boto3_client(settings, "dynamodb"), boto3_errors(), settings.accounts_table
    trail = build_audit_trail(settings, dynamodb)
    teams = TeamRepository(dynamodb, table, errors, trail)
    mailer = SesMailer(
        boto3_client(settings, "sesv2"),
        settings.invitation_sender,
        errors,
        build_logger(settings, service="teams"),
    )
    return TeamFront(
        places=teams,
        directory=TeamDirectory(
            teams=teams,
            keys=ProviderKeyRepository(dynamodb, settings.provider_keys_table, errors),
            trail=trail,
            now=utc_now,
        ),
        people=TeamPeople(
            teams=teams,
            members=MemberRepository(dynamodb, table, errors, trail),
            spent=SpendingReader(dynamodb, settings.usage_table, errors),
            now=utc_now,
        ),
        doors=TeamDoors(
            teams=teams,
            invitations=InvitationRepository(dynamodb, table, errors, trail),
            mailer=mailer,
            rate_limit=RateLimiter(dynamodb, table, errors, utc_now),
            now=utc_now,
        ),
    )
