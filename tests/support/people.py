"""People with browsers: a cookie jar and the header against request forgery."""

import http.cookiejar
import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from ownkey.admin import OUTPUT_NAMES, StackOutputs, create_user
from tests.support.stack import LocalStack

Answer = tuple[int, dict[str, Any]]


class Person:
    """Somebody with an account, signed in."""

    def __init__(self, stack: LocalStack, email: str) -> None:
        self.email = email
        outputs = StackOutputs(**{ours: stack.outputs[theirs] for ours, theirs in OUTPUT_NAMES.items()})
        self.user_id, password = create_user(stack.client("cognito-idp"), outputs, email)
        self.password = password.reveal()
        self._base_url = stack.base_url
        self._jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar))
        status, said = self.call("POST", "/api/session", {"email": email, "password": self.password})
        assert status == 200, said

    @property
    def cookies(self) -> dict[str, str]:
        """The session, for a browser to begin with."""
        return {cookie.name: str(cookie.value) for cookie in self._jar}

    def call(self, method: str, path: str, body: Any = None, *, csrf: bool = True) -> Answer:
        """Return status and body of one call."""
        request = urllib.request.Request(
            self._base_url + path,
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Content-Type": "application/json", **({"x-ownkey-csrf": "1"} if csrf else {})},
        )
        try:
            with self._opener.open(request, timeout=30) as response:
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def ok(self, method: str, path: str, body: Any = None, **query: str) -> dict[str, Any]:
        """Return the body of a call that must succeed."""
        status, said = self.call(method, path + ("?" + urllib.parse.urlencode(query) if query else ""), body)
        assert status == 200, said
        return said

    def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Return status and code of a call that must not."""
        status, said = self.call(method, path, body)
        assert status >= 400, said
        return status, said["code"]
