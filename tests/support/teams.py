"""People and teams on an emulated AWS, asked through the same front as the deployed function's."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, ValidationError

from ownkey.domain.errors import InvalidInputError
from ownkey.observability import Logger
from ownkey.services.teams.access import Visitor
from ownkey.services.teams.directory import TeamDirectory
from ownkey.services.teams.doors import TeamDoors
from ownkey.services.teams.front import TeamFront
from ownkey.services.teams.mailer import SesMailer
from ownkey.services.teams.people import TeamPeople
from ownkey.storage.audit import AuditTrail
from ownkey.storage.invitations import InvitationRepository
from ownkey.storage.provider_keys import ProviderKeyRepository
from ownkey.storage.rate_limits import RateLimiter
from ownkey.storage.spending import SpendingReader
from ownkey.storage.team_members import MemberRepository
from ownkey.storage.teams import TeamRepository
from tests.support.tables import BOTO_ERRORS, EmulatedAws

START = datetime(2026, 11, 23, 12, tzinfo=UTC)


CONSOLE_URL = "https://gateway.example.com/prod/"


class FakeRequest:
    """A request that was made with these things."""

    def __init__(self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None) -> None:
        self.method, self.path = method, path
        self.source_ip = "203.0.113.7"
        self._body, self._query = body or {}, query or {}

    def query(self, name: str) -> str | None:
        return self._query.get(name)

    def number(self, name: str, *, default: int, most: int) -> int:
        text = self.query(name)
        if text is not None and not (text.isdigit() and 1 <= int(text) <= most):
            raise InvalidInputError(name)
        return default if text is None else int(text)

    def body(self, schema: type[BaseModel]) -> Any:
        try:
            return schema.model_validate(self._body)
        except ValidationError as exc:
            raise InvalidInputError(str(exc)) from exc


class FakeSes:
    """Remembers what was sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.texts: list[str] = []
        self.error: Exception | None = None

    def send_email(self, **message: Any) -> None:
        if self.error:
            raise self.error
        self.sent += message["Destination"]["ToAddresses"]
        self.texts.append(message["Content"]["Simple"]["Body"]["Text"]["Data"])


class Offices:
    """A deployment's teams."""

    def __init__(self, aws: EmulatedAws, *, sender: str = "", client: Any = None) -> None:
        self.time = START
        self.ses = FakeSes()
        dynamodb = client or aws.dynamodb
        self.trail = AuditTrail(dynamodb, "Accounts", BOTO_ERRORS, self.now)
        self.teams = TeamRepository(dynamodb, "Accounts", BOTO_ERRORS, self.trail)
        self.members = MemberRepository(dynamodb, "Accounts", BOTO_ERRORS, self.trail)
        self.invitations = InvitationRepository(dynamodb, "Accounts", BOTO_ERRORS, self.trail)
        self.keys = ProviderKeyRepository(dynamodb, "ProviderKeys", BOTO_ERRORS)
        self.front = TeamFront(
            places=self.teams,
            directory=TeamDirectory(teams=self.teams, keys=self.keys, trail=self.trail, now=self.now),
            people=TeamPeople(
                teams=self.teams,
                members=self.members,
                spent=SpendingReader(dynamodb, "Usage", BOTO_ERRORS),
                now=self.now,
            ),
            doors=TeamDoors(
                teams=self.teams,
                invitations=self.invitations,
                mailer=SesMailer(self.ses, sender, (RuntimeError,), Logger(service="teams")),
                rate_limit=RateLimiter(dynamodb, "Accounts", BOTO_ERRORS, self.now),
                now=self.now,
            ),
        )

    def now(self) -> datetime:
        self.time += timedelta(milliseconds=1)
        return self.time

    def ask(self, who: str, method: str, path: str, body: Any = None, **query: str) -> dict[str, Any]:
        """Return what `who` is answered."""
        visitor = Visitor(user_id=who, email=f"{who}@example.com", source_ip="203.0.113.7", console_url=CONSOLE_URL)
        return self.front.answer(FakeRequest(method, path, body, query), lambda: visitor)

    def found(self, owner: str, name: str = "Engineering") -> str:
        """Create a team; return its path."""
        return "/api/teams/" + str(self.ask(owner, "POST", "/api/teams", {"name": name})["team"]["uuid"])

    def bring(self, team: str, owner: str, who: str, role: str = "member") -> None:
        """Invite somebody, who accepts."""
        token = self.ask(owner, "POST", f"{team}/invitations", {"email": f"{who}@example.com", "role": role})
        self.ask(who, "POST", "/api/teams/invitations/accept", {"token": token["invitation"]["token"]})
