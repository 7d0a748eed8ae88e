"""Two people at once: whoever comes first, one consistent state comes out."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock
from typing import Any

import pytest

from ownkey.domain.errors import GatewayError
from tests.support.tables import EmulatedAws, emulated_aws
from tests.support.teams import Offices

ROUNDS = 4


@pytest.fixture(scope="module")
def module_aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        yield aws


@pytest.fixture
def offices(module_aws: EmulatedAws) -> Offices:
    aws = module_aws.emptied()
    return Offices(aws, client=OneCallAtATime(aws.dynamodb))


class OneCallAtATime:
    """Passes calls on one after the other, since the emulation does not bear two; what a use case does still mixes."""

    def __init__(self, client: Any) -> None:
        self._client, self._lock = client, Lock()

    def __getattr__(self, name: str) -> Any:
        def call(**request: Any) -> Any:
            with self._lock:
                return getattr(self._client, name)(**request)

        return call


def at_once(*calls: Callable[[], Any]) -> list[str]:
    """Return what became of calls that were made together: "done", or the name of the error."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> str:
        start.wait()
        try:
            call()
        except GatewayError as exc:
            return type(exc).__name__
        return "done"

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def roles(offices: Offices, team: str, who: str) -> dict[str, str]:
    return {each["sessionId"]: each["role"] for each in offices.ask(who, "GET", f"{team}/members")["members"]}


@pytest.mark.parametrize("_", range(ROUNDS))
def test_one_invitation_lets_one_in(offices: Offices, _: int) -> None:
    team = offices.found("olga")
    token = offices.ask("olga", "POST", f"{team}/invitations", {"email": "a@example.com"})["invitation"]["token"]
    ends = at_once(
        *(
            lambda who=who: offices.ask(who, "POST", "/api/teams/invitations/accept", {"token": token})
            for who in ("ann", "bob", "ann", "cat")
        )
    )
    assert Counter(ends) == {"done": 1, "ConflictError": 3}
    assert len(roles(offices, team, "olga")) == 2


@pytest.mark.parametrize("_", range(ROUNDS))
def test_an_invitation_is_accepted_or_revoked(offices: Offices, _: int) -> None:
    team = offices.found("olga")
    made = offices.ask("olga", "POST", f"{team}/invitations", {"email": "a@example.com"})["invitation"]
    ends = at_once(
        lambda: offices.ask("ann", "POST", "/api/teams/invitations/accept", {"token": made["token"]}),
        lambda: offices.ask("olga", "PATCH", f"{team}/invitations", {"id": made["id"]}),
    )
    assert sorted(ends) == ["ConflictError", "done"]
    assert ("ann" in roles(offices, team, "olga")) is (ends[0] == "done")


@pytest.mark.parametrize("_", range(ROUNDS))
def test_a_team_has_one_owner_whoever_leaves_meanwhile(offices: Offices, _: int) -> None:
    team = offices.found("olga")
    offices.bring(team, "olga", "ann")
    ends = at_once(
        lambda: offices.ask("olga", "POST", f"{team}/owner", {"sessionId": "ann"}),
        lambda: offices.ask("ann", "POST", f"{team}/leave"),
    )
    assert "done" in ends
    left = roles(offices, team, "olga")
    assert list(left.values()).count("owner") == 1
    assert left == ({"olga": "admin", "ann": "owner"} if ends[0] == "done" else {"olga": "owner"})


@pytest.mark.parametrize("_", range(ROUNDS))
def test_two_admins_who_demote_each_other_do_not_both_succeed(offices: Offices, _: int) -> None:
    team = offices.found("olga")
    for who in ("ann", "bob"):
        offices.bring(team, "olga", who, "admin")
    ends = at_once(
        lambda: offices.ask("ann", "PATCH", f"{team}/members", {"sessionId": "bob", "role": "member"}),
        lambda: offices.ask("bob", "PATCH", f"{team}/members", {"sessionId": "ann", "role": "member"}),
    )
    assert ends.count("done") == 1
    assert sorted(roles(offices, team, "olga").values()) == ["admin", "member", "owner"]


@pytest.mark.parametrize("_", range(ROUNDS))
def test_two_teams_of_one_name_are_one(offices: Offices, _: int) -> None:
    ends = at_once(*[lambda: offices.found("olga")] * 4)
    assert Counter(ends) == {"done": 1, "ConflictError": 3}
    assert len(offices.ask("olga", "GET", "/api/teams")["teams"]) == 1


@pytest.mark.parametrize("_", range(ROUNDS))
def test_nobody_is_left_in_a_team_that_is_deleted(offices: Offices, module_aws: EmulatedAws, _: int) -> None:
    team = offices.found("olga")
    token = offices.ask("olga", "POST", f"{team}/invitations", {"email": "a@example.com"})["invitation"]["token"]
    at_once(
        lambda: offices.ask("ann", "POST", "/api/teams/invitations/accept", {"token": token}),
        lambda: offices.ask("olga", "DELETE", team, {"name": "Engineering"}),
    )
    kept = {item["pk"]["S"].partition("#")[0] for item in module_aws.items("Accounts")}
    assert kept == {"audit"}
    assert offices.ask("ann", "GET", "/api/teams") == {"teams": []}
