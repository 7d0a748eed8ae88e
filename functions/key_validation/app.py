"""/api/user/provider-keys/validate and a team's: try a key with its provider, the stored one too."""

from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import Response

from ownkey.api.deadline import InvocationDeadline
from ownkey.api.management import CurrentRequest, answer, headers_of, management_resolver, read_body
from ownkey.api.schemas.provider_keys import ValidateProviderKeyBody
from ownkey.bootstrap.key_checks import build_key_owners
from ownkey.bootstrap.key_validation import build_key_validation_service
from ownkey.bootstrap.shared import build_logger
from ownkey.config import Settings
from ownkey.services.teams.access import Access

settings = cache(Settings.from_environment)
owners = cache(lambda: build_key_owners(settings()))
service = cache(lambda: build_key_validation_service(settings()))
app = management_resolver(build_logger(settings(), service="key-validation"))
request = CurrentRequest(app)


@app.post("/api/user/provider-keys/validate")
@app.post("/api/teams/<team>/provider-keys/validate")
def validate(team: str | None = None) -> Response[str]:
    """Say whether the provider takes the key that was sent, or the stored one."""
    owner, _ = owners().owner(headers_of(app), request.method, team, Access.ADMINS, request.source_ip)
    body = read_body(app, ValidateProviderKeyBody)
    return answer(200, service().validate(owner, body, InvocationDeadline(app.lambda_context)).to_json())


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one management call."""
    return app.resolve(event, context)
