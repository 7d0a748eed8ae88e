"""/api/session/…: what people do before they have a session, and to renew one. No table but for counting calls."""

from collections.abc import Callable
from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel

from ownkey.api.management import CurrentRequest, answer, management_resolver
from ownkey.api.schemas import session as bodies
from ownkey.auth.cookies import check_csrf
from ownkey.auth.sessions import SessionTokens
from ownkey.bootstrap.people import build_entrance, build_session_cookies
from ownkey.bootstrap.shared import build_logger
from ownkey.config import Settings
from ownkey.domain.errors import NotFoundError
from ownkey.services.entrance import Entrance

settings = cache(Settings.from_environment)
entrance = cache(lambda: build_entrance(settings()))
cookies = cache(lambda: build_session_cookies(settings()))
app = management_resolver(build_logger(settings(), service="entrance"))
request = CurrentRequest(app)

STEPS: dict[str, tuple[type[BaseModel], Callable[..., SessionTokens | None]]] = {
    "sign-up": (bodies.SignUp, Entrance.sign_up),
    "confirm": (bodies.SignUpCode, Entrance.confirm),
    "resend": (bodies.EmailOnly, Entrance.resend),
    "forgot-password": (bodies.EmailOnly, Entrance.forgot_password),
    "reset-password": (bodies.PasswordReset, Entrance.reset_password),
    "challenge": (bodies.NewPassword, Entrance.change_password),
}


@app.post("/api/session/refresh")
def renew() -> Response[str]:
    """Renew the session of the browser."""
    check_csrf(request.headers, "POST")
    return _welcome(entrance().renew(cookies().refresh.value_in(request.headers)))


@app.post("/api/session/<step>")
def take(step: str) -> Response[str]:
    """Take a step towards a session."""
    request.require_json()
    if step not in STEPS:
        raise NotFoundError(f"There is no such step. The steps are {', '.join(STEPS)}.")
    schema, act = STEPS[step]
    return _welcome(act(entrance(), request.body(schema), request.source_ip))


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one management call."""
    return app.resolve(event, context)


def _welcome(tokens: SessionTokens | None) -> Response[str]:
    return answer(200, {"success": True}, cookies=cookies().of(tokens) if tokens else ())
