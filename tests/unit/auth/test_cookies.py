"""The session cookie, and the header against request forgery."""

import pytest

from ownkey.auth.cookies import SessionCookie, check_csrf
from ownkey.domain.errors import ForbiddenError
from ownkey.domain.secrets import Secret


def test_on_https_the_cookie_is_bound_to_the_host_and_hidden_from_scripts() -> None:
    cookie = SessionCookie(https=True)
    assert (
        cookie.setting(Secret("a.b.c"), max_age_seconds=3600)
        == "__Host-ownkey_session=a.b.c; Max-Age=3600; Path=/; HttpOnly; SameSite=Strict; Secure"
    )
    assert cookie.clearing() == "__Host-ownkey_session=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict; Secure"


def test_on_loopback_http_the_cookie_is_one_that_browsers_take() -> None:
    cookie = SessionCookie(https=False)
    assert (
        cookie.setting(Secret("a.b.c"), max_age_seconds=60)
        == "ownkey_session=a.b.c; Max-Age=60; Path=/; HttpOnly; SameSite=Strict"
    )


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("__Host-ownkey_session=a.b.c", "a.b.c"),
        ("theme=dark; __Host-ownkey_session=a.b.c;x=1", "a.b.c"),
        ("__Host-ownkey_session=first; __Host-ownkey_session=second", "first"),
        ("__Host-ownkey_session=", None),
        ("ownkey_session=a.b.c", None),
        ("__host-ownkey_session=a.b.c", None),
        ("__Host-ownkey_session", None),
        ("", None),
    ],
)
def test_the_session_is_read_from_its_own_cookie_only(header: str, value: str | None) -> None:
    found = SessionCookie(https=True).value_in({"cookie": header})
    assert (found.reveal() if found else None) == value
    assert SessionCookie(https=True).value_in({}) is None


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "post"])
@pytest.mark.parametrize("headers", [{}, {"x-ownkey-csrf": ""}, {"x-ownkey-csrf": "0"}])
def test_a_write_without_the_header_is_refused(method: str, headers: dict[str, str]) -> None:
    with pytest.raises(ForbiddenError, match="x-ownkey-csrf: 1"):
        check_csrf(headers, method)


@pytest.mark.parametrize(
    ("headers", "method"), [({"x-ownkey-csrf": "1"}, "POST"), ({}, "GET"), ({}, "get"), ({}, "HEAD")]
)
def test_a_read_and_a_write_of_our_own_pages_pass(headers: dict[str, str], method: str) -> None:
    check_csrf(headers, method)
