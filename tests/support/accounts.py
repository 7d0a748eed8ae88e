"""Gateway keys and sessions in memory, for everything that asks who calls."""

import base64
import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ownkey.auth.sessions import CognitoSessions
from ownkey.domain.audit import Actor
from ownkey.domain.errors import NotFoundError, NotSignedInError, RateLimitedError
from ownkey.domain.identity import GatewayKey
from ownkey.domain.secrets import Secret
from ownkey.services.attempts import Attempts


class GatewayKeysInMemory:
    """Stands in for AccountRepository, and counts its lookups."""

    def __init__(self, *keys: GatewayKey) -> None:
        self.stored = {key.key_id: key for key in keys}
        self.looked_up: list[str] = []
        self.error: Exception | None = None

    def find_gateway_key(self, key_id: str) -> GatewayKey | None:
        self.looked_up.append(key_id)
        if self.error:
            raise self.error
        return self.stored.get(key_id)

    def list_gateway_keys(self, user_id: str) -> list[GatewayKey]:
        return [key for key in self.stored.values() if key.user_id == user_id]

    def default_team(self, user_id: str) -> str | None:
        return None

    def add_gateway_key(self, key: GatewayKey, actor: Actor | None = None) -> None:
        self.stored[key.key_id] = key

    def remove_gateway_key(self, user_id: str, key_id: str, actor: Actor | None = None) -> None:
        if key_id not in self.stored or self.stored[key_id].user_id != user_id:
            raise NotFoundError("no such key")
        del self.stored[key_id]


class CountsInMemory:
    """Stands in for RateLimiter, in one window that does not end."""

    def __init__(self) -> None:
        self.counted: dict[tuple[str, str], int] = {}

    def hit(self, owner: str, action: str, limit: int, window_seconds: int = 60) -> None:
        if self.counted.get((owner, action), 0) >= limit:
            raise RateLimitedError("wait", retry_after_seconds=window_seconds)
        self.counted[owner, action] = self.counted.get((owner, action), 0) + 1


def attempts(counts: CountsInMemory | None = None, *, per_address: int = 10, per_ip: int = 60) -> Attempts:
    """Return what counts attempts, in memory."""
    return Attempts(
        rate_limit=counts or CountsInMemory(),
        action="sign-in",
        per_address_and_minute=per_address,
        per_ip_and_minute=per_ip,
    )


class FakeCognito:
    """Stands in for boto3's Cognito client: one user, whose sessions can be ended."""

    EMAIL = "ada@example.com"
    PASSWORD = "Correct-horse-42"
    USER_ID = "11111111-2222-4333-8444-555555555555"

    def __init__(self) -> None:
        self.tokens: set[str] = set()
        self.error: Exception | None = None
        self.challenge: str | None = None
        self.calls: list[str] = []

    def initiate_auth(self, **request: Any) -> dict[str, Any]:
        self._called("initiate_auth")
        assert request["ClientId"] == "client"
        if request["AuthFlow"] == "REFRESH_TOKEN_AUTH":
            return self._renewed(request["AuthParameters"]["REFRESH_TOKEN"])
        assert request["AuthFlow"] == "USER_PASSWORD_AUTH"
        if request["AuthParameters"] != {"USERNAME": self.EMAIL, "PASSWORD": self.PASSWORD}:
            raise refusal("NotAuthorizedException")
        if self.challenge:
            return {"ChallengeName": self.challenge, "Session": "s"}
        token = access_token(number=len(self.tokens))
        self.tokens.add(token)
        return {"AuthenticationResult": {"AccessToken": token, "ExpiresIn": 3600, "RefreshToken": "r"}}

    def _renewed(self, refresh_token: str) -> dict[str, Any]:
        if refresh_token != "r":
            raise refusal("NotAuthorizedException")
        token = access_token(number=len(self.tokens))
        self.tokens.add(token)
        return {"AuthenticationResult": {"AccessToken": token, "ExpiresIn": 900}}

    def respond_to_auth_challenge(self, **request: Any) -> dict[str, Any]:
        self._called("respond_to_auth_challenge")
        assert (request["ClientId"], request["ChallengeName"]) == ("client", "NEW_PASSWORD_REQUIRED")
        if request["Session"] != "s":
            raise refusal("NotAuthorizedException")
        if len(request["ChallengeResponses"]["NEW_PASSWORD"]) < 12:
            raise refusal("InvalidPasswordException")
        token = access_token(number=len(self.tokens))
        self.tokens.add(token)
        return {"AuthenticationResult": {"AccessToken": token, "ExpiresIn": 900, "RefreshToken": "r"}}

    def get_user(self, **request: Any) -> dict[str, Any]:
        self._called("get_user")
        if request["AccessToken"] not in self.tokens:
            raise refusal("NotAuthorizedException")
        attributes = [{"Name": "sub", "Value": self.USER_ID}, {"Name": "email", "Value": self.EMAIL}]
        return {"Username": self.USER_ID, "UserAttributes": attributes}

    def global_sign_out(self, **request: Any) -> dict[str, Any]:
        self._called("global_sign_out")
        if request["AccessToken"] not in self.tokens:
            raise refusal("NotAuthorizedException")
        self.tokens.clear()
        return {}

    def delete_user(self, **request: Any) -> dict[str, Any]:
        return self.global_sign_out(**request)

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.error:
            raise self.error


class FakeVerifier:
    """Knows whose token it is from the one user's sessions."""

    def __init__(self, cognito: FakeCognito) -> None:
        self._cognito = cognito

    def user_id_of(self, access_token: Secret) -> str:
        if access_token.reveal() not in self._cognito.tokens:
            raise NotSignedInError("no")
        return self._cognito.USER_ID


def fake_sessions(cognito: FakeCognito) -> CognitoSessions:
    """Return sessions on a fake Cognito."""
    return CognitoSessions(cognito, "client", (ClientError, BotoCoreError), FakeVerifier(cognito))


def access_token(client_id: str = "client", number: int = 0) -> str:
    """Return a token of the form that Cognito issues, without a signature that would be worth anything."""
    claims = base64.urlsafe_b64encode(json.dumps({"client_id": client_id, "jti": number}).encode()).decode().rstrip("=")
    return f"e30.{claims}.signature"


def refusal(code: str, message: str = "refused") -> ClientError:
    """Return boto3's error for a Cognito error code."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "Cognito")
