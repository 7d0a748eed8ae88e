"""Every route x owner, admin, member, a member of another team, a stranger."""

from collections.abc import Iterator

import pytest

from ownkey.domain.errors import ForbiddenError, GatewayError, NotFoundError, NotSignedInError
from ownkey.services.teams.access import ROUTES, Access, route_of
from tests.support.tables import EmulatedAws, emulated_aws
from tests.support.teams import FakeRequest, Offices

ALLOWED = {
    Access.MEMBERS: {"olga", "adam", "mia"},
    Access.ADMINS: {"olga", "adam"},
    Access.OWNER: {"olga"},
}
BODIES = {
    "PATCH /members": {"sessionId": "nobody-here", "role": "admin"},
    "DELETE /members": {"sessionId": "nobody-here"},
    "PATCH /members/self": {"bill_to_team": True},
    "POST /invitations": {"email": "new@example.com"},
    "PATCH /invitations": {"id": "nobody-here"},
    "POST /invite-link/email": {"emails": ["a@example.com"]},
    "PATCH /join-requests": {"id": "nobody-here"},
    "DELETE /join-requests": {"id": "nobody-here"},
    "PATCH /settings": {"usage_limit_enforced": True},
    "PATCH /allowed-models": {"allowed_models": None},
    "POST /owner": {"sessionId": "nobody-here"},
    "PATCH /byok-settings": {"byok_mode": "prefer_team"},
    "DELETE ": {"name": "another name"},
}


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        yield aws


@pytest.fixture(scope="module")
def offices(aws: EmulatedAws) -> Offices:
    return Offices(aws)


@pytest.fixture(scope="module")
def team(offices: Offices) -> str:
    """A team of Olga's, with Adam as an admin, Mia as a member and Max, who comes and goes; Otto has another one."""
    path = offices.found("olga")
    offices.bring(path, "olga", "adam", "admin")
    offices.bring(path, "olga", "mia")
    offices.found("otto")
    return path


OF_A_TEAM = [(method, route, access) for (method, route), access in ROUTES.items() if "{team}" in route]


@pytest.mark.parametrize(("method", "route", "access"), OF_A_TEAM)
@pytest.mark.parametrize("who", ["olga", "adam", "mia", "otto", "sam"])
def test_every_route_lets_in_exactly_whom_the_table_says(
    offices: Offices, team: str, method: str, route: str, access: Access, who: str
) -> None:
    name = f"{method} {route.removeprefix('/api/teams/{team}')}"
    if name == "POST /leave" and who != "olga":
        offices.bring(team, "olga", f"{who}-too") if who in ALLOWED[access] else None
        who = f"{who}-too" if who in ALLOWED[access] else who
    allowed = who.removesuffix("-too") in ALLOWED[access]
    refusal: type[GatewayError] | None = None
    said = ""
    try:
        offices.ask(who, method, route.replace("{team}", team.rpartition("/")[2]), BODIES.get(name))
    except GatewayError as exc:
        refusal = type(exc)
        said = exc.message
    if allowed:
        # What the service itself says (no such member, the owner stays, a wrong name) comes after the door.
        assert refusal is not ForbiddenError or name in {"POST /leave", "POST /invite-link/email"}
        assert refusal is not NotFoundError or "no such team" not in said
    elif who in ("otto", "sam"):
        assert refusal is NotFoundError
        assert "no such team of yours" in said
    else:
        assert refusal is ForbiddenError
        assert said.startswith("Only ")


@pytest.mark.parametrize(("method", "route"), [key for key, access in ROUTES.items() if access is not Access.PUBLIC])
def test_nobody_gets_anywhere_without_a_session(offices: Offices, method: str, route: str) -> None:
    def nobody() -> None:
        raise NotSignedInError("no")

    request = FakeRequest(method, route.replace("{team}", "x"))
    with pytest.raises(NotSignedInError):
        offices.front.answer(request, nobody)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/teams/x/nothing"),
        ("PUT", "/api/teams"),
        ("POST", "/api/teams/x"),
        ("GET", "/api/teams/x/members/self/more"),
        ("GET", "/api/teamsx"),
        ("GET", "/api/teams//members"),
    ],
)
def test_other_routes_do_not_exist(method: str, path: str) -> None:
    with pytest.raises(NotFoundError):
        route_of(method, path)


def test_every_route_of_the_table_is_answered(offices: Offices) -> None:
    served = {*offices.front._for_visitors, *offices.front._in_teams, *offices.front._with_query}
    assert served == {key for key, access in ROUTES.items() if access is not Access.PUBLIC}
