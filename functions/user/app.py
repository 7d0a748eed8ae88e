"""/api/user: limits of gateway keys, the default team, who changed what, and the end of an account. Sessions only."""

from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import Response

from ownkey.api.management import CurrentRequest, answer, management_resolver
from ownkey.api.schemas.account import Confirmation, DefaultTeam, GatewayKeyChange, shown_gateway_key
from ownkey.bootstrap.people import build_authenticator, build_own_account_service, build_session_cookies
from ownkey.bootstrap.shared import build_logger
from ownkey.config import Settings
from ownkey.domain.audit import Actor

settings = cache(Settings.from_environment)
authenticator = cache(lambda: build_authenticator(settings()))
cookies = cache(lambda: build_session_cookies(settings()))
service = cache(lambda: build_own_account_service(settings()))
app = management_resolver(build_logger(settings(), service="user"))
request = CurrentRequest(app)


@app.patch("/api/user/gateway-keys")
def change_gateway_key() -> Response[str]:
    """Change the name and the limits of a gateway key."""
    actor, body = _actor(), request.body(GatewayKeyChange)
    return answer(200, shown_gateway_key(service().change_gateway_key(actor, request.required("id"), body)))


@app.patch("/api/user/default-team")
def change_default_team() -> Response[str]:
    """Choose the team that pays for traffic that names none."""
    actor, body = _actor(), request.body(DefaultTeam)
    return answer(200, service().change_default_team(actor, body.team_uuid or body.team_id))


@app.get("/api/user/audit")
def show_audit() -> Response[str]:
    """Show who changed what of the caller's own things."""
    actor, limit = _actor(), request.number("limit", default=50, most=100)
    return answer(200, service().audit(actor.user_id, limit=limit, before=request.query("before")))


@app.delete("/api/user")
def delete_account() -> Response[str]:
    """Delete the account and everything that it owns."""
    token = authenticator().session(request.headers, "DELETE")
    service().delete(_actor(), token, confirmed=request.body(Confirmation).confirm)
    return answer(200, {"success": True}, cookies=cookies().ending())


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one management call."""
    return app.resolve(event, context)


def _actor() -> Actor:
    person = authenticator().person(request.headers, request.method)
    return Actor(user_id=person.user_id, source_ip=request.source_ip)
