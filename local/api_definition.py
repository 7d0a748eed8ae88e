"""The API of a deployed template: its routes, and what API Gateway says when it answers for itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

DEFAULT_TIMEOUT_SECONDS = 29.0
_METHODS = {"get", "post", "put", "patch", "delete", "head", "options", "x-amazon-apigateway-any-method"}
_FUNCTION = re.compile(r"\$\{(\w+)\.Arn\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of one path and the function behind it."""

    method: str
    path: str
    """As in the template, with `{parameters}`."""
    function: str
    """The function's logical id."""
    streaming: bool
    timeout_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayResponse:
    """An answer of API Gateway itself."""

    status: int
    headers: Mapping[str, str]
    """Header name -> a quoted literal or a `context.…` variable."""
    body: str


@dataclass(frozen=True, slots=True)
class ApiDefinition:
    """What the front needs to know of the API."""

    routes: tuple[Route, ...]
    responses: Mapping[str, GatewayResponse] = field(default_factory=dict)

    def match(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """Return the route of a request and its path parameters; the most literal path wins."""
        found = [
            (_generality(route.path), position, route, parameters)
            for position, route in enumerate(self.routes)
            if route.method in {method, "ANY"} and (parameters := _match(route.path, path)) is not None
        ]
        return min(found, key=lambda one: one[:2])[2:] if found else None


def read_api(processed_template: Mapping[str, Any]) -> ApiDefinition:
    """Return the one REST API of a template after the SAM transform."""
    [api] = [
        resource
        for resource in processed_template["Resources"].values()
        if resource["Type"] == "AWS::ApiGateway::RestApi"
    ]
    body = api["Properties"]["Body"]
    responses = body.get("x-amazon-apigateway-gateway-responses", {})
    return ApiDefinition(
        tuple(
            _route(path, method, operation["x-amazon-apigateway-integration"])
            for path, operations in body["paths"].items()
            for method, operation in operations.items()
            if method in _METHODS
        ),
        {kind: _response(kind, response) for kind, response in responses.items()},
    )


def _route(path: str, method: str, integration: Mapping[str, Any]) -> Route:
    uri = integration["uri"]
    function = _FUNCTION.search(uri["Fn::Sub"] if isinstance(uri, dict) else uri)
    if function is None:
        raise ValueError(f"the integration of {method} {path} names no function")
    return Route(
        method="ANY" if method.startswith("x-") else method.upper(),
        path=path,
        function=function[1],
        streaming=integration.get("responseTransferMode") == "STREAM",
        timeout_seconds=integration.get("timeoutInMillis", DEFAULT_TIMEOUT_SECONDS * 1000) / 1000,
    )


def _response(kind: str, response: Mapping[str, Any]) -> GatewayResponse:
    prefix = "gatewayresponse.header."
    return GatewayResponse(
        status=int(response.get("statusCode", 400 if kind == "DEFAULT_4XX" else 500)),
        headers={
            name.removeprefix(prefix): value
            for name, value in response.get("responseParameters", {}).items()
            if name.startswith(prefix)
        },
        body=response.get("responseTemplates", {}).get("application/json", ""),
    )


def _generality(template: str) -> list[int]:
    """Return what sorts literal segments before parameters, and those before the greedy ones."""
    return [2 if segment.endswith("+}") else int(segment.startswith("{")) for segment in template.split("/")]


def _match(template: str, path: str) -> dict[str, str] | None:
    wanted, given = template.strip("/").split("/"), path.strip("/").split("/")
    parameters: dict[str, str] = {}
    for position, segment in enumerate(wanted):
        if segment.endswith("+}") and position < len(given):
            return parameters | {segment[1:-2]: unquote("/".join(given[position:]))}
        if position >= len(given):
            return None
        if segment.startswith("{"):
            parameters[segment[1:-1]] = unquote(given[position])
        elif segment != given[position]:
            return None
    return parameters if len(wanted) == len(given) else None
