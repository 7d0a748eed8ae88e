"""A visit to the console by somebody with a browser, and all that the browser was told meanwhile."""

import os
import re
import shutil
import time
from collections.abc import Callable
from importlib import resources
from typing import Any, Self

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Response

from tests.support.people import Person

AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text()
CHROMIUM_FLAGS = (
    "--no-sandbox",  # root has no other way
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
EXPECTED_REFUSAL = re.compile(r"Failed to load resource: the server responded with a status of (4\d\d|503)")
"""What Chromium itself logs of a refusal. Those that no test expects are found in `refusals`."""


def find_chromium() -> str | None:
    """Return where Chromium is, or None."""
    return os.environ.get("OWNKEY_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


class Visit:
    """One browser profile with one page. `check` tells whether the page kept its own rules."""

    def __init__(self, browser: Browser, base_url: str) -> None:
        self.base_url = base_url
        self.messages: list[str] = []
        """Everything that was logged in the browser's console."""
        self.errors: list[str] = []
        """What of it is an error, and every exception that nobody caught."""
        self.violations: list[str] = []
        """Breaches of the content security policy."""
        self.responses: list[Response] = []
        self.expected_refusals: set[int] = set()
        self._browser = browser
        self.page: Page

    def __enter__(self) -> Self:
        self._context = self._browser.new_context(base_url=self.base_url, viewport={"width": 1280, "height": 900})
        self._context.grant_permissions(["clipboard-read", "clipboard-write"], origin=self.base_url)
        self._context.set_default_timeout(15_000)
        self.page = self._context.new_page()
        self.page.expose_function("noteViolation", self._note_violation)
        self.page.add_init_script(
            "document.addEventListener('securitypolicyviolation', (event) =>"
            " noteViolation(`${event.violatedDirective} ${event.blockedURI}`));"
        )
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("response", self._note_response)
        return self

    def __exit__(self, *_: object) -> None:
        self._context.close()

    def _note_violation(self, text: str) -> None:
        self.violations.append(text)

    def _note_response(self, response: Response) -> None:
        self.responses.append(response)

    def _hear(self, message: ConsoleMessage) -> None:
        self.messages.append(message.text)
        if message.type in {"error", "warning"} and not EXPECTED_REFUSAL.match(message.text):
            self.errors.append(message.text)

    def expect_refusal(self, *statuses: int) -> None:
        """Say that the API will refuse something in this visit."""
        self.expected_refusals |= set(statuses)

    def check(self) -> None:
        """Fail when something went wrong that a person would not have seen."""
        assert self.violations == []
        assert self.errors == [], self.errors
        refused = {response.status: response.url for response in self.responses if response.status >= 400}
        assert refused.keys() <= self.expected_refusals, refused

    # What people do.

    def open(self, place: str = "") -> Page:
        """Go to a place of the console."""
        self.page.goto(f"/#{place}" if place else "/")
        return self.page

    def sign_in(self, person: Person, place: str = "/provider-keys") -> Page:
        """Sign in by the form and go to a place."""
        self.open(place)
        self.page.get_by_label("E-mail").fill(person.email)
        self.page.get_by_label("Password", exact=True).fill(person.password)
        self.button("Sign in").click()
        self.page.get_by_role("navigation", name="Pages").wait_for()
        return self.page

    def arrive(self, person: Person, place: str = "/provider-keys") -> Page:
        """Come to a place as somebody who has signed in before."""
        self._context.add_cookies(
            [
                {"name": name, "value": value, "url": self.base_url, "httpOnly": True, "sameSite": "Strict"}
                for name, value in person.cookies.items()
            ]
        )
        self.page.add_init_script(
            "if (location.protocol === 'http:' && !sessionStorage.getItem('arrived')) {"
            " sessionStorage.setItem('arrived', 'yes'); localStorage.setItem('ownkey.session', String(Date.now())); }"
        )
        return self.open(place)

    def button(self, name: str, within: Locator | None = None) -> Locator:
        """Return the button of this name."""
        return (within or self.page).get_by_role("button", name=name, exact=True)

    @property
    def dialog(self) -> Locator:
        """The dialog that is open."""
        return self.page.get_by_role("dialog").last

    def accessibility_problems(self) -> list[str]:
        """Return what axe finds wrong with the page as it is now, by the rules of WCAG 2.2 A and AA."""
        page = self.page
        page.evaluate(AXE)  # through the debugger, which no content security policy holds back
        found = page.evaluate(
            "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
        )
        return [
            f"{problem['id']}: {problem['help']} at {node['target']} {node['any'][0]['message'] if node['any'] else ''}"
            for problem in found["violations"]
            for node in problem["nodes"]
        ]

    def everything_said(self) -> str:
        """Return all that a browser keeps or was told: page, storage, addresses, answers, console."""
        kept: str = self.page.evaluate(
            "() => document.documentElement.outerHTML"
            " + [...document.querySelectorAll('input, textarea')].map((control) => control.value).join(' ')"
            " + JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.cookie + location.href"
        )
        answers = [response.text() for response in self.responses if "/api/" in response.url and response.ok]
        addresses = [response.url for response in self.responses]
        return "\n".join([kept, *answers, *addresses, *self.messages])

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for what happens behind the page; fails when it does not within ten seconds."""
        give_up_at = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < give_up_at, "it did not happen"
            self.page.wait_for_timeout(50)

    def call(self, path: str) -> Any:
        """Return what the API tells this person."""
        return self._context.request.get(path).json()
