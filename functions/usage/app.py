"""/api/v1/usage, /api/usage/export, /api/check-balance and a team's usage. This function writes nothing."""

from functools import cache
from typing import Any

from ownkey.api.errors import chat_error, management_error
from ownkey.api.proxy import HttpRequest, ProxyResponse, csv_response, json_response
from ownkey.bootstrap.usage import build_usage_function
from ownkey.config import Settings
from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import CallerError, NotFoundError
from ownkey.services.usage_export import CsvPage

usage = cache(lambda: build_usage_function(Settings.from_environment()))
TEAM_ROUTE = "/api/teams/{team}/usage"


def show_own(request: HttpRequest) -> JsonObject:
    """Show what the gateway key, or the person, used."""
    return usage().reports.own(usage().authenticator.reader(request.headers), request.query)


def show_team(request: HttpRequest) -> JsonObject:
    """Show what a team paid for."""
    return usage().reports.team(usage().team_of(request.headers, request.path_parameters["team"]), request.query)


def export(request: HttpRequest) -> CsvPage:
    """Write the same as CSV."""
    if team_id := request.query.get("team"):
        return usage().export.team(usage().team_of(request.headers, team_id), request.query)
    return usage().export.own(usage().authenticator.reader(request.headers), request.query)


def show_balance(request: HttpRequest) -> JsonObject:
    """Show what the caller has left."""
    return usage().reports.balance(usage().authenticator.reader(request.headers))


ROUTES = {"/api/v1/usage": show_own, TEAM_ROUTE: show_team, "/api/check-balance": show_balance}
EXPORTS = {"/api/usage/export": export}


def lambda_handler(event: dict[str, Any], _: Any) -> ProxyResponse:
    """Answer one question; failures in OpenAI's envelope, but at the team's route."""
    request = HttpRequest.from_event(event)
    try:
        if request.resource in EXPORTS:
            page = EXPORTS[request.resource](request)
            return csv_response(page.text, "usage.csv", request_id=request.request_id, next_cursor=page.next_cursor)
        if request.resource in ROUTES:
            return json_response(200, ROUTES[request.resource](request), request_id=request.request_id)
        raise NotFoundError("There is nothing here. Check the path.")
    except Exception as error:  # the outermost edge: nothing leaves but our own error shape
        if not isinstance(error, CallerError):
            usage().logger.error("the request failed", error=error, request_id=request.request_id)
        failure = (management_error if request.resource == TEAM_ROUTE else chat_error)(error)
        return json_response(failure.status, failure.body, request_id=request.request_id, headers=failure.headers)
