"""/api/user/provider-keys/validate: try a key with its provider, the stored one too."""

from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import Response

from ownkey.api.deadline import InvocationDeadline
from ownkey.api.management import answer, headers_of, management_resolver, read_body
from ownkey.api.schemas.provider_keys import ValidateProviderKeyBody
from ownkey.bootstrap import build_authenticator, build_key_validation_service, build_logger
from ownkey.config import Settings

settings = cache(Settings.from_environment)
authenticator = cache(lambda: build_authenticator(settings()))
service = cache(lambda: build_key_validation_service(settings()))
app = management_resolver(build_logger(settings(), service="key-validation"))


@app.post("/api/user/provider-keys/validate")
def validate() -> Response[str]:
    """Say whether the provider takes the key that was sent, or the stored one."""
    caller = authenticator().anyone(headers_of(app), app.current_event.http_method)
    body = read_body(app, ValidateProviderKeyBody)
    result = service().validate(caller.owner, body, InvocationDeadline(app.lambda_context))
    return answer(200, result.to_json())


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one management call."""
    return app.resolve(event, context)
