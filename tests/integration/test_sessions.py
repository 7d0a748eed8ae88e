"""From signing up to a renewed session, in the deployed template. The emulator's codes are always the same."""

import http.cookiejar
import json
import urllib.error
import urllib.request

import pytest

from tests.support.people import Person

pytestmark = pytest.mark.integration

NEW = {"email": "newcomer@example.com", "password": "Correct-horse-44"}


class Browser:
    def __init__(self, base_url):
        self._base_url = base_url
        self.jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def call(self, method, path, body=None):
        request = urllib.request.Request(
            self._base_url + path,
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Content-Type": "application/json", "x-ownkey-csrf": "1"},
        )
        try:
            with self._opener.open(request, timeout=30) as response:
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())


def test_a_newcomer_signs_up_confirms_signs_in_and_stays(stack):
    browser = Browser(stack.base_url)
    assert browser.call("POST", "/api/session/sign-up", NEW) == (200, {"success": True})
    assert browser.call("POST", "/api/session", NEW)[0] == 401
    assert browser.call("POST", "/api/session/confirm", {"email": NEW["email"], "code": "000000"})[0] == 422
    assert browser.call("POST", "/api/session/confirm", {"email": NEW["email"], "code": "123456"})[0] == 200
    status, said = browser.call("POST", "/api/session", NEW)
    assert (status, said["email"]) == (200, NEW["email"])
    assert {cookie.name for cookie in browser.jar} == {"ownkey_session", "ownkey_refresh"}
    assert all(cookie.has_nonstandard_attr("HttpOnly") for cookie in browser.jar)
    browser.jar.clear(next(iter(browser.jar)).domain, "/", "ownkey_session")
    assert browser.call("GET", "/api/session")[0] == 401
    assert browser.call("POST", "/api/session/refresh")[0] == 200
    assert browser.call("GET", "/api/session") == (200, said)
    assert browser.call("DELETE", "/api/session")[0] == 200
    assert list(browser.jar) == []
    assert browser.call("POST", "/api/session/refresh")[0] == 401


def test_signing_out_revokes_a_session_that_only_the_refresh_token_holds(stack):
    person = Person(stack, "late@example.com")
    [refresh] = [cookie for cookie in person._jar if cookie.name == "ownkey_refresh"]
    person._jar.clear(refresh.domain, "/", "ownkey_session")
    person.ok("DELETE", "/api/session")
    assert list(person._jar) == []
    person._jar.set_cookie(refresh)  # as somebody would who had copied it
    assert person.refused("POST", "/api/session/refresh") == (401, "UNAUTHORIZED")


def test_a_forgotten_password_is_replaced_by_a_code(stack):
    person = Person(stack, "forgetful@example.com")
    browser = Browser(stack.base_url)
    assert browser.call("POST", "/api/session/forgot-password", {"email": person.email})[0] == 200
    changed = {"email": person.email, "code": "654321", "password": NEW["password"]}
    assert browser.call("POST", "/api/session/reset-password", {**changed, "code": "000000"})[0] == 422
    assert browser.call("POST", "/api/session/reset-password", {**changed, "password": "short"})[0] == 422
    assert browser.call("POST", "/api/session/reset-password", changed)[0] == 200
    assert browser.call("POST", "/api/session", {"email": person.email, "password": NEW["password"]})[0] == 200


def test_a_temporary_password_is_changed_at_the_first_sign_in(stack):
    email, temporary = "colleague@example.com", "Temporary-pass-1"
    stack.client("cognito-idp").admin_create_user(
        UserPoolId=stack.outputs["UserPoolId"],
        Username=email,
        TemporaryPassword=temporary,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}],
    )
    browser = Browser(stack.base_url)
    status, said = browser.call("POST", "/api/session", {"email": email, "password": temporary})
    assert (status, said["challenge"]) == (200, "NEW_PASSWORD_REQUIRED")
    assert list(browser.jar) == []
    step = {"email": email, "session": said["session"], "password": NEW["password"]}
    assert browser.call("POST", "/api/session/challenge", step)[0] == 200
    assert browser.call("GET", "/api/session")[1]["email"] == email
