"""One local stack for all integration tests, with one scriptable upstream in place of every provider."""

from collections.abc import Iterator
from typing import Any

import openai
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


@pytest.fixture(autouse=True)
def closed_clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close every OpenAI client that a test made: a socket that nobody closed fails whatever test runs later."""
    made: list[openai.OpenAI] = []
    begin = openai.OpenAI.__init__

    def begin_and_note(client: openai.OpenAI, *arguments: Any, **named: Any) -> None:
        begin(client, *arguments, **named)
        made.append(client)

    monkeypatch.setattr(openai.OpenAI, "__init__", begin_and_note)
    yield
    for client in made:
        client.close()
