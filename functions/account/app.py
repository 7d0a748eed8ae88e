"""/api/session and /api/user/gateway-keys: signing in and out, and a person's gateway keys."""

from aws_lambda_powertools.event_handler import Response

from ownkey.api.management import answer, headers_of, management_resolver, read_body, require_json, required_query
from ownkey.api.schemas.account import NewGatewayKey, SignIn, shown_gateway_key
from ownkey.bootstrap import build_account_service, build_authenticator, build_logger, build_session_cookie
from ownkey.config import Settings

settings = Settings.from_environment()
app = management_resolver(build_logger(settings, service="account"))
accounts, cookie = build_account_service(settings), build_session_cookie(settings)
authenticator = build_authenticator(settings)
lambda_handler = app.resolve


@app.post("/api/session")
def sign_in() -> Response[str]:
    """Begin a session."""
    require_json(app)
    body = read_body(app, SignIn)
    user, tokens = accounts.sign_in(body.email, body.secret_password)
    cookies = [cookie.setting(tokens.access_token, max_age_seconds=tokens.expires_in_seconds)]
    return answer(200, {"user_id": user.user_id, "email": user.email}, cookies=cookies)


@app.get("/api/session")
def show_session() -> Response[str]:
    """Say who is signed in."""
    user = accounts.user_of(authenticator.session(headers_of(app), "GET"))
    return answer(200, {"user_id": user.user_id, "email": user.email})


@app.delete("/api/session")
def sign_out() -> Response[str]:
    """End the session, in Cognito and in the browser."""
    accounts.sign_out(authenticator.session(headers_of(app), "DELETE"))
    return answer(200, {"success": True}, cookies=[cookie.clearing()])


@app.get("/api/user/gateway-keys")
def list_gateway_keys() -> Response[str]:
    """List the person's gateway keys, without their secrets."""
    person = authenticator.person(headers_of(app), "GET")
    return answer(200, {"keys": [shown_gateway_key(key) for key in accounts.gateway_keys(person)]})


@app.post("/api/user/gateway-keys")
def create_gateway_key() -> Response[str]:
    """Create a gateway key, and show it for the only time."""
    person, wanted = authenticator.person(headers_of(app), "POST"), read_body(app, NewGatewayKey)
    key, text = accounts.create_gateway_key(person, name=wanted.name, expires_at=wanted.expires_at)
    return answer(200, {**shown_gateway_key(key), "key": text.reveal()})


@app.delete("/api/user/gateway-keys")
def revoke_gateway_key() -> Response[str]:
    """Revoke a gateway key, at once and everywhere."""
    accounts.revoke_gateway_key(authenticator.person(headers_of(app), "DELETE"), required_query(app, "id"))
    return answer(200, {"success": True})
