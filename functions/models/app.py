"""/api/v1/models and /api/models: the public catalog. This function reads no ciphertext and knows no KMS key."""

from functools import cache
from typing import Any

from ownkey.api.documents import Document, document_response
from ownkey.api.errors import chat_error
from ownkey.api.proxy import HttpRequest, ProxyResponse, json_response
from ownkey.bootstrap.models import build_models_function
from ownkey.config import Settings
from ownkey.domain.errors import CallerError, NotFoundError

models = build_models_function(Settings.from_environment())


@cache
def all_models(detailed: bool) -> Document:
    """Return the whole list, rendered once."""
    return Document.of(models.service.all(detailed=detailed))


def list_models(request: HttpRequest) -> ProxyResponse:
    """List all models, or those that the caller's own keys can run: only then does it matter who calls."""
    detailed = request.flag("detailed")
    if not request.flag("byok"):
        return document_response(all_models(detailed), request)
    caller = models.authenticator.reader(request.headers)
    body = models.service.runnable_by(caller.owner, detailed=detailed)
    return json_response(200, body, request_id=request.request_id)


def show_model(request: HttpRequest) -> ProxyResponse:
    """Show one model."""
    body = models.service.one(request.path_parameters["id"], detailed=request.flag("detailed"))
    return document_response(Document.of(body), request)


def list_providers(request: HttpRequest) -> ProxyResponse:
    """Say who runs a model, and at what price."""
    return document_response(Document.of(models.service.providers(request.path_parameters["id"])), request)


ROUTES = {"/api/v1/models": list_models, "/api/v1/models/{id+}": show_model, "/api/models/{id+}": list_providers}


def lambda_handler(event: dict[str, Any], _: Any) -> ProxyResponse:
    """Answer one question; every failure in OpenAI's envelope."""
    request = HttpRequest.from_event(event)
    try:
        if request.resource not in ROUTES:
            raise NotFoundError("There is nothing here. Check the path.")
        return ROUTES[request.resource](request)
    except Exception as error:  # the outermost edge: nothing leaves but our own error shape
        if not isinstance(error, CallerError):
            models.logger.error("the request failed", error=error, request_id=request.request_id)
        failure = chat_error(error)
        return json_response(failure.status, failure.body, request_id=request.request_id, headers=failure.headers)
