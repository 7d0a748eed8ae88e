"""/api/session and /api/user/gateway-keys: signing in and out, and a person's gateway keys."""

from aws_lambda_powertools.event_handler import Response

from ownkey.api.management import CurrentRequest, answer, management_resolver
from ownkey.api.schemas.account import NewGatewayKey, SignIn, shown_gateway_key
from ownkey.auth.cookies import check_csrf
from ownkey.bootstrap.people import build_account_service, build_authenticator, build_session_cookies
from ownkey.bootstrap.shared import build_logger
from ownkey.config import Settings

app = management_resolver(build_logger(settings := Settings.from_environment(), service="account"))
accounts, cookies = build_account_service(settings), build_session_cookies(settings)
authenticator = build_authenticator(settings)
request, lambda_handler = CurrentRequest(app), app.resolve


@app.post("/api/session")
def sign_in() -> Response[str]:
    """Begin a session."""
    request.require_json()
    said, tokens = accounts.sign_in(*request.body(SignIn).credentials, request.source_ip)
    return answer(200, said, cookies=cookies.of(tokens) if tokens else ())


@app.get("/api/session")
def show_session() -> Response[str]:
    """Say who is signed in."""
    return answer(200, accounts.session(authenticator.session(request.headers, "GET")))


@app.delete("/api/session")
def sign_out() -> Response[str]:
    """End the session, in Cognito and in the browser."""
    check_csrf(request.headers, "DELETE")
    accounts.sign_out(cookies.access.value_in(request.headers), cookies.refresh.value_in(request.headers))
    return answer(200, {"success": True}, cookies=cookies.ending())


@app.get("/api/user/gateway-keys")
def list_gateway_keys() -> Response[str]:
    """List the person's gateway keys, without their secrets."""
    keys = accounts.gateway_keys(authenticator.person(request.headers, "GET"))
    return answer(200, {"keys": [shown_gateway_key(key) for key in keys]})


@app.post("/api/user/gateway-keys")
def create_gateway_key() -> Response[str]:
    """Create a gateway key, and show it for the only time."""
    person, wanted = authenticator.person(request.headers, "POST"), request.body(NewGatewayKey)
    key, text = accounts.create_gateway_key(person, **wanted.wishes(), source_ip=request.source_ip)
    return answer(200, {**shown_gateway_key(key), "key": text.reveal()})


@app.delete("/api/user/gateway-keys")
def revoke_gateway_key() -> Response[str]:
    """Revoke a gateway key, at once and everywhere."""
    person = authenticator.person(request.headers, "DELETE")
    accounts.revoke_gateway_key(person, request.required("id"), request.source_ip)
    return answer(200, {"success": True})
