"""/api/user/provider-keys and a team's: add or replace, list, delete. This function cannot decrypt what it stores."""

from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import Response

from ownkey.api.deadline import InvocationDeadline
from ownkey.api.management import CurrentRequest, answer, headers_of, management_resolver, read_body, required_query
from ownkey.api.schemas.provider_keys import AddProviderKeyBody
from ownkey.bootstrap.key_checks import build_key_owners
from ownkey.bootstrap.provider_keys import build_provider_keys_service
from ownkey.bootstrap.shared import build_logger
from ownkey.config import Settings
from ownkey.domain.audit import Actor
from ownkey.services.teams.access import Access

settings = cache(Settings.from_environment)
owners = cache(lambda: build_key_owners(settings()))
service = cache(lambda: build_provider_keys_service(settings()))
app = management_resolver(build_logger(settings(), service="provider-keys"))
request = CurrentRequest(app)


@app.post("/api/user/provider-keys")
@app.post("/api/teams/<team>/provider-keys")
def add(team: str | None = None) -> Response[str]:
    """Add the key of a provider, or replace it."""
    owner, actor = _owner(team, Access.ADMINS)
    body = read_body(app, AddProviderKeyBody)
    return answer(200, service().add(owner, actor, body, InvocationDeadline(app.lambda_context)).to_json())


@app.get("/api/user/provider-keys")
@app.get("/api/teams/<team>/provider-keys")
def list_keys(team: str | None = None) -> Response[str]:
    """List keys, without secrets, and the providers there are."""
    owner, _ = _owner(team, Access.MEMBERS)
    return answer(200, service().list(owner))


@app.delete("/api/user/provider-keys")
@app.delete("/api/teams/<team>/provider-keys")
def delete(team: str | None = None) -> Response[str]:
    """Erase the key of a provider."""
    owner, actor = _owner(team, Access.ADMINS)
    service().delete(owner, required_query(app, "provider"), actor)
    return answer(200, {"success": True})


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one management call."""
    return app.resolve(event, context)


def _owner(team: str | None, access: Access) -> tuple[str, Actor]:
    return owners().owner(headers_of(app), request.method, team, access, request.source_ip)
