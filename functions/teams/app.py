"""/api/teams: teams, members, invitations, settings. This function knows no KMS key, and takes sessions only."""

from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import Response

from ownkey.api.management import CurrentRequest, answer, headers_of, management_resolver
from ownkey.bootstrap.people import build_authenticator, build_sessions
from ownkey.bootstrap.shared import build_logger
from ownkey.bootstrap.teams import build_team_front
from ownkey.config import Settings
from ownkey.services.teams.access import Visitor

settings = cache(Settings.from_environment)
authenticator = cache(lambda: build_authenticator(settings()))
sessions = cache(lambda: build_sessions(settings()))
front = cache(lambda: build_team_front(settings()))
app = management_resolver(build_logger(settings(), service="teams"))
request = CurrentRequest(app)


@app.route("/api/teams", method=["GET", "POST"])
@app.route("/api/teams/.+", method=["GET", "POST", "PATCH", "DELETE"])
def team_route() -> Response[str]:
    """Answer whatever the table of team routes has."""
    return answer(200, front().answer(request, _visitor))


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one management call."""
    return app.resolve(event, context)


def _visitor() -> Visitor:
    user = sessions().user_of(authenticator().session(headers_of(app), request.method))
    return Visitor(user_id=user.user_id, email=user.email, source_ip=request.source_ip, console_url=request.console_url)
