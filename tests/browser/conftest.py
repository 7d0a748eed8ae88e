"""One stack and one Chromium for all browser tests; each test has a browser profile of its own.

Whatever a page does, it must break no rule of its content security policy and log no error: every test fails otherwise.
"""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from ownkey.adapters.registry import REGISTRY
from tests.support.browsing import CHROMIUM_FLAGS, Visit, find_chromium
from tests.support.people import Person
from tests.support.stack import LocalStack
from tests.support.upstream import FakeUpstream

expect.set_options(timeout=15_000)  # a page that is there is seen at once; this is for a machine that is busy


@pytest.fixture(scope="package")
def chromium_path() -> str:
    """Return where Chromium is. In CI its absence is a failure."""
    found = find_chromium()
    if found is None and os.environ.get("CI"):
        pytest.fail("there is no Chromium; .ci/run installs Debian's package")
    if found is None:
        pytest.skip("there is no Chromium here; install it, or name it in OWNKEY_CHROMIUM")
    return found


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """Drive browsers. Its event loop runs in this thread: it ends with this package, before others use theirs."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="package")
def browser(playwright: Playwright, chromium_path: str) -> Iterator[Browser]:
    """Run Chromium."""
    browser = playwright.chromium.launch(executable_path=chromium_path, args=list(CHROMIUM_FLAGS))
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def upstream() -> Iterator[FakeUpstream]:
    """Stand in for every provider."""
    with FakeUpstream() as fake:
        yield fake


@pytest.fixture(scope="package")
def stack(chromium_path: str, tmp_path_factory: pytest.TempPathFactory, upstream: FakeUpstream) -> Iterator[LocalStack]:
    """Run the deployed template behind its own front door."""
    folder = tmp_path_factory.mktemp("browser") / "state"
    with LocalStack(folder, upstream.base_urls(*REGISTRY)) as running:
        yield running


@pytest.fixture
def visit(browser: Browser, stack: LocalStack) -> Iterator[Visit]:
    """Open the console in a profile of its own."""
    with Visit(browser, stack.base_url) as visit:
        yield visit
        visit.check()


@pytest.fixture
def another_visit(browser: Browser, stack: LocalStack) -> Iterator[Visit]:
    """Open the console in the browser of somebody else."""
    with Visit(browser, stack.base_url) as visit:
        yield visit
        visit.check()


@pytest.fixture
def person(stack: LocalStack, request: pytest.FixtureRequest) -> Person:
    """Return somebody with an account that no other test knows."""
    name = request.node.name.partition("[")[0].replace("_", "-")[:50]
    return Person(stack, f"{name}-{abs(hash(request.node.name)) % 10**6}@example.com")
