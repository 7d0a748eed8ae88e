"""/api/user/provider-keys: add or replace, list, delete. This function cannot decrypt what it stores."""

from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import Response

from ownkey.api.deadline import InvocationDeadline
from ownkey.api.management import answer, headers_of, management_resolver, read_body, required_query
from ownkey.api.schemas.provider_keys import AddProviderKeyBody
from ownkey.bootstrap import build_authenticator, build_logger, build_provider_keys_service
from ownkey.config import Settings
from ownkey.domain.identity import Principal

settings = cache(Settings.from_environment)
authenticator = cache(lambda: build_authenticator(settings()))
service = cache(lambda: build_provider_keys_service(settings()))
app = management_resolver(build_logger(settings(), service="provider-keys"))


@app.post("/api/user/provider-keys")
def add() -> Response[str]:
    """Add the key of a provider, or replace it."""
    caller = _caller()
    body = read_body(app, AddProviderKeyBody)
    added = service().add(caller.owner, caller.user_id, body, InvocationDeadline(app.lambda_context))
    return answer(200, added.to_json())


@app.get("/api/user/provider-keys")
def list_keys() -> Response[str]:
    """List the caller's keys, without secrets, and the providers there are."""
    return answer(200, service().list(_caller().owner))


@app.delete("/api/user/provider-keys")
def delete() -> Response[str]:
    """Erase the caller's key of a provider."""
    service().delete(_caller().owner, required_query(app, "provider"))
    return answer(200, {"success": True})


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one management call."""
    return app.resolve(event, context)


def _caller() -> Principal:
    return authenticator().anyone(headers_of(app), app.current_event.http_method)
