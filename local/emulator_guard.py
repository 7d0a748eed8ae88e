"""Checks who calls the emulator.

The emulator takes a request without a signature, and one with a well-known test key, for the account's root. Any
program of any user of this machine, and any web page in a browser on it, could send those.
"""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_ACCESS_KEY = re.compile(
    rb"AWS4-HMAC-SHA256 Credential=([A-Za-z0-9]+)/[^,]*, ?SignedHeaders=[^,]*, ?Signature=[0-9a-f]+"
)
_UNSIGNED_TARGETS = frozenset(
    b"AWSCognitoIdentityProviderService." + operation
    for operation in (
        *(b"ConfirmForgotPassword", b"ConfirmSignUp", b"DeleteUser", b"ForgotPassword", b"GetUser", b"GlobalSignOut"),
        *(b"InitiateAuth", b"ResendConfirmationCode", b"RespondToAuthChallenge", b"RevokeToken", b"SignUp"),
    )
)
"""What a person's password or token is enough for."""
_PUBLIC_KEYS = re.compile(r"/[\w-]+/\.well-known/jwks\.json")
"""The public keys of user pools, which AWS tells everybody too."""
_KNOWS_NOBODY = b'{"__type":"MissingAuthenticationToken","message":"Sign the request with a key of this emulator"}'


def guard(application: Application, root_key: bytes, note_call: Callable[[bytes], None]) -> Application:
    """Return the emulator behind a check of who calls; `note_call` hears of each call that may change something.

    Keys that the emulator gave out pass, since it checks their signatures; so do the root key of this run and
    those of Cognito's calls that nobody signs.
    """

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await application(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        authorization = headers.get(b"authorization")
        target = headers.get(b"x-amz-target", b"")
        public = scope["method"] == "GET" and _PUBLIC_KEYS.fullmatch(scope.get("path", "")) is not None
        if not public and not _may_call(authorization, target, root_key):
            await _refuse(send)
            return
        scope["query_string"] = _without_credentials(scope["query_string"])
        await application(scope, receive, send)
        if scope["method"] not in {"GET", "HEAD"} and b"/sts/aws4_request" not in (authorization or b""):
            note_call(target)

    return guarded


def _may_call(authorization: bytes | None, target: bytes, root_key: bytes) -> bool:
    if authorization is None:
        return target in _UNSIGNED_TARGETS
    found = _ACCESS_KEY.fullmatch(authorization)
    return found is not None and (found[1] == root_key or found[1].startswith((b"ASIA", b"AKIA")))


def _without_credentials(query: bytes) -> bytes:
    """Drop what would name another key in the query than the one in the header."""
    return b"&".join(part for part in query.split(b"&") if not part.lower().startswith((b"x-amz-", b"awsaccesskeyid")))


async def _refuse(send: Send) -> None:
    await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": _KNOWS_NOBODY})
