"""A team's rules for the traffic that it pays for: may the request run, and on whose keys. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from ownkey.domain.errors import ModelNotAllowedError, TeamKeyRequiredError, TeamPausedError, UsageLimitError
from ownkey.domain.provider_keys import ProviderKey
from ownkey.domain.routing import Candidate, CredentialOwner, KeyRing
from ownkey.domain.teams import ByokMode, Role, Team, TeamStanding, TeamStatus
from ownkey.routing.providers import listed


def needed_credentials(mode: ByokMode | None, *, opted_in: bool) -> tuple[CredentialOwner, ...]:
    """Return whose keys a request may run on, first choice first. `mode` is None for traffic that no team pays for."""
    if mode is ByokMode.REQUIRE_TEAM:
        return ("team",)
    own: CredentialOwner = "user" if opted_in else "platform"
    return ("team", own) if mode is ByokMode.PREFER_TEAM else (own,)


def check_standing(
    standing: TeamStanding, model: str, canonical_id: str | None, canonical_id_of: Callable[[str], str | None]
) -> None:
    """Raise unless the team lets this member run this model now.

    Raises:
        TeamPausedError: the team's traffic is stopped.
        ModelNotAllowedError: its members may not use the model; the owner may use every one.
        UsageLimitError: this month's limit of the team or the member is reached, and enforced.
    """
    team = standing.team
    check_active(team)
    if standing.member.role is not Role.OWNER and not _allows(
        team.allowed_models, model, canonical_id, canonical_id_of
    ):
        raise ModelNotAllowedError(
            f"The team {team.name} does not allow the model {model!r}. Choose another one, or ask an admin to allow it."
        )
    check_limits(standing)


def check_active(team: Team) -> None:
    """Raise TeamPausedError when the team's traffic is stopped."""
    if team.status is not TeamStatus.ACTIVE:
        raise TeamPausedError(f"The team {team.name} is {team.status.value}. Ask its owner, or leave x-team-id out.")


def check_limits(standing: TeamStanding) -> None:
    """Raise UsageLimitError when this month's limit of the team or the member is reached, and enforced."""
    team, limit = standing.team, standing.member_limit_usd
    if standing.member_limit_enforced and limit is not None and standing.member_spent_usd >= limit:
        raise UsageLimitError(
            f"You have reached your monthly limit of {limit} USD in the team {team.name}. It begins anew on the first "
            "of the month (UTC); an admin can raise it."
        )
    if (
        team.usage_limit_enforced
        and team.usage_limit_usd is not None
        and standing.team_spent_usd >= team.usage_limit_usd
    ):
        raise UsageLimitError(
            f"The team {team.name} has reached its monthly limit of {team.usage_limit_usd} USD. It begins anew on the "
            "first of the month (UTC); an owner or admin can raise it."
        )


def key_rings(
    standing: TeamStanding | None,
    candidates: Sequence[Candidate],
    keys: Mapping[CredentialOwner, Mapping[str, ProviderKey]],
    *,
    opted_in: bool,
) -> tuple[KeyRing, ...]:
    """Return the key rings that a request may use, first choice first.

    Where a team prefers its own keys and has one, the operator's are out, even when none of the team's works at the
    moment: who pays does not depend on that.

    Raises:
        TeamKeyRequiredError: the team allows its own keys only, and has none for any of the candidates.
    """
    mode = standing.team.byok_mode if standing else None
    rings = tuple(KeyRing(each, keys.get(each, {})) for each in needed_credentials(mode, opted_in=opted_in))
    if standing is None or rings[0].credential != "team":
        return rings
    team_has_one = any(candidate.provider in rings[0].keys for candidate in candidates)
    if mode is ByokMode.REQUIRE_TEAM and not team_has_one:
        raise TeamKeyRequiredError(
            f"The team {standing.team.name} runs on its own provider keys only, and has none for "
            f"{listed(candidate.provider for candidate in candidates)}. Ask an admin to store one."
        )
    if rings[-1].credential == "platform":
        return rings[:1] if team_has_one else rings[1:]
    return rings


def _allows(
    allowed: Mapping[str, bool] | None,
    model: str,
    canonical_id: str | None,
    canonical_id_of: Callable[[str], str | None],
) -> bool:
    if allowed is None:
        return True
    names: Iterable[str] = [name for name, allows in allowed.items() if allows]
    if model in names or (canonical_id is not None and canonical_id in names):
        return True
    return canonical_id is not None and any(canonical_id_of(name) == canonical_id for name in names)
