"""A team's provider keys: members see them, owner and admins write them, nobody else knows of them."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from ownkey.domain.errors import ForbiddenError, NotFoundError
from ownkey.domain.identity import Principal
from ownkey.services.key_owners import KeyOwners
from ownkey.services.teams.access import Access
from tests.support.tables import EmulatedAws, emulated_aws
from tests.support.teams import Offices


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        yield aws


def owners(offices: Offices, who: str) -> KeyOwners:
    principal = Principal(user_id=who, credential="session")
    authenticator: Any = SimpleNamespace(anyone=lambda *_: principal, person=lambda *_: principal)
    return KeyOwners(authenticator=authenticator, places=offices.teams)


def test_a_teams_keys_are_its_members_business(aws: EmulatedAws) -> None:
    offices = Offices(aws.emptied())
    team_id = offices.found("olga").rpartition("/")[2]
    offices.bring(f"/api/teams/{team_id}", "olga", "adam", "admin")
    offices.bring(f"/api/teams/{team_id}", "olga", "mia")

    def owner(who: str, access: Access) -> str:
        return owners(offices, who).owner({}, "POST", team_id, access, "203.0.113.7")[0]

    for who in ("olga", "adam"):
        assert owner(who, Access.ADMINS) == owner(who, Access.MEMBERS) == f"team#{team_id}"
    assert owner("mia", Access.MEMBERS) == f"team#{team_id}"
    with pytest.raises(ForbiddenError):
        owner("mia", Access.ADMINS)
    for access in (Access.ADMINS, Access.MEMBERS):
        with pytest.raises(NotFoundError):
            owner("sam", access)


def test_without_a_team_they_are_the_callers_own(aws: EmulatedAws) -> None:
    owner, actor = owners(Offices(aws), "sam").owner({}, "POST", None, Access.ADMINS, "203.0.113.7")
    assert (owner, actor.user_id, actor.source_ip) == ("user#sam", "sam", "203.0.113.7")
