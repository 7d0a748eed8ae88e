"""One local stack for all integration tests, with one scriptable upstream in place of every provider."""

from collections.abc import Iterator

import pytest

from ownkey.adapters.registry import REGISTRY
from tests.support.stack import LocalStack
from tests.support.upstream import FakeUpstream


@pytest.fixture(scope="session")
def upstream() -> Iterator[FakeUpstream]:
    """Stand in for every provider: `upstream.on(slug, …)` says what it answers."""
    with FakeUpstream() as fake:
        yield fake


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, upstream: FakeUpstream) -> Iterator[LocalStack]:
    """Run the deployed template behind its own front door."""
    folder = tmp_path_factory.mktemp("stack") / "state"
    with LocalStack(folder, upstream.base_urls(*REGISTRY)) as running:
        yield running
