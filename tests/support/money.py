"""Traffic that costs money: seeded requests at every provider, each ending in one of the ways that requests end.

They go through the real service, adapter, catalog and pricing; only the providers' bytes, keys and tables are made up.
What each request must cost is worked out here once more, in fractions, from the catalog's own text: no code is shared.

`Gateway(usage).run(case)` gives what the caller got. Stores are handed in, so that balances can be held against it.
"""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any, Literal

from ownkey.adapters.adapter import ChatAdapter
from ownkey.adapters.registry import REGISTRY
from ownkey.api.errors import chat_error
from ownkey.bootstrap.chat import LazyCatalog, chat_providers
from ownkey.domain.chat import ByokOptions, ChatRequest, JsonObject
from ownkey.domain.errors import (
    GatewayError,
    ProviderFailureError,
    ProviderTimeoutError,
    VaultUnavailableError,
)
from ownkey.domain.identity import Principal
from ownkey.domain.provider_keys import Credential
from ownkey.domain.routing import ProviderSelection
from ownkey.domain.search import SearchAnswer, SearchResult, SearchWish
from ownkey.domain.teams import ByokMode
from ownkey.domain.usage import UsageRecord
from ownkey.observability import Logger
from ownkey.services.caller_keys import CallerKeys
from ownkey.services.chat import ChatService, CompletedAnswer
from ownkey.services.chat_ledger import ChatLedger
from ownkey.services.chat_routing import ChatRouter
from ownkey.services.chat_search import ChatSearch
from ownkey.services.key_notes import KeyNotes
from ownkey.services.searches import Searches
from ownkey.services.usage_keeping import PatientUsageStore, UsageStore
from tests.support.adapter_transport import FakeResponse, credential
from tests.support.bedrock import aws_credential
from tests.support.chat import FakeContexts, FakeEngines, FakeKeys, FakeSpending, stored_key
from tests.support.standings import TEAM_ID, standing
from tests.support.wire_answers import WIRES, Spoken, error_response

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
FEE_RATE = "0.05"
SEARCH_PRICE = Decimal("0.008")
COSTS = {"openrouter": "cost", "vercel": "cost", "deepinfra": "estimated_cost"}
"""Who says what a request cost, and in which field of `usage`."""

End = Literal["whole", "broken", "silent", "hang_up", "late", "refused", "locked"]
"""All of the answer comes; its connection breaks, or just ends; the caller or the clock stops it; the provider refuses
it; the key does not open."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One request, and how it ends."""

    request_id: str
    user_id: str
    provider: str
    model: str
    credential: Literal["user", "team", "platform"]
    stream: bool
    end: End
    status: int = 200
    body: bytes
    headers: dict[str, str]
    cut_at: float = 1.0
    """How much of the answer comes, as a fraction: of its bytes, or of the frames that the caller reads."""
    said: Spoken | None
    """What the provider counts; None where it counts nothing."""
    cost: str | None = None
    """What the provider says that it cost."""
    searches: bool = False


@dataclass(frozen=True, kw_only=True)
class Result:
    """What the caller of a case got."""

    case: Case
    receipt: JsonObject | None
    """None when there was none: the request failed, or its caller hung up before the end."""
    error: str | None = None
    """The code of the error that was the answer."""


def traffic(seed: int, count: int, *, recordings: list[dict[str, Any]] | None = None) -> Iterator[Case]:
    """Yield `count` requests, the same for the same seed, every fourth answered by a recording if given any."""
    chance = random.Random(seed)
    for number in range(count):
        if recordings and number % 4 == 0:
            yield _recorded(chance, number, chance.choice(recordings))
        else:
            yield _made_up(chance, number)


def _made_up(chance: random.Random, number: int) -> Case:
    provider = chance.choice([slug for slug, spec in REGISTRY.items() if spec.kind == "chat"])
    said = Spoken(
        text=_words(chance, 40),
        thoughts=_words(chance, 30) if chance.random() < 0.3 else "",
        calls=(("look", json.dumps({"where": _words(chance, 8)})),) if chance.random() < 0.3 else (),
        input_tokens=chance.choice([9, 150, 7_001, 250_003]),
        cached_tokens=chance.choice([0, 0, 8]),
        output_tokens=chance.randint(1, 5_000),
    )
    wire, stream = WIRES[REGISTRY[provider].protocol], chance.random() < 0.7
    body = wire.stream(said, lambda text: [text[at : at + 9] for at in range(0, len(text), 9)]) if stream else None
    body = body or json.dumps(wire.whole(said)).encode()
    cost = f"{chance.randint(1, 10**9)}e-12" if provider in COSTS and chance.random() < 0.7 else None
    if cost:
        body = body.replace(b'"usage": {', f'"usage": {{"{COSTS[provider]}": {cost}, '.encode())
    counted = provider == "aws" or chance.random() < 0.8
    if not counted:
        body = re.sub(rb'"(usage|usageMetadata)": ', b'"not_counted": ', body)
    kind = wire.content_type if stream else {"content-type": "application/json"}
    case = _case(chance, number, provider, stream=stream, body=body, headers=kind)
    return replace(case, said=said if counted else None, cost=cost if counted else None)


def _recorded(chance: random.Random, number: int, recording: dict[str, Any]) -> Case:
    response = recording["response"]
    stream = "event-stream" in response["headers"].get("content-type", "")
    body, headers = response["body"].encode(), response["headers"]
    return _case(chance, number, recording["provider"], stream=stream, body=body, headers=headers)


def _case(
    chance: random.Random, number: int, provider: str, *, stream: bool, body: bytes, headers: dict[str, str]
) -> Case:
    ends: list[End] = ["whole", "whole", "broken", "silent", "hang_up", "late"] if stream else ["whole"]
    if chance.random() < 0.1:
        ends = ["refused", "locked"]
    end, status = chance.choice(ends), 200
    if end == "refused":
        status = chance.choice([400, 401, 429, 500])
        refusal = error_response(WIRES[REGISTRY[provider].protocol], status, "No.")
        status, body, headers = refusal.status, refusal.read(10**6), dict(refusal.headers)
    return Case(
        request_id=f"req_{number}",
        user_id=chance.choice(["ada", "bob"]),
        provider=provider,
        model=chance.choice(_models()[provider]) if chance.random() < 0.9 else f"{provider}/not-in-the-catalog",
        credential=chance.choice(["user", "team", "platform"]),
        stream=stream,
        end=end,
        status=status,
        body=body,
        headers=headers,
        cut_at=chance.random(),
        said=None,
        searches=chance.random() < 0.1,
    )


def _words(chance: random.Random, most: int) -> str:
    return " ".join(chance.choice(["tree", "Straße", "木", "seven", "{}"]) for _ in range(chance.randint(1, most)))


@cache
def _catalog() -> JsonObject:
    from ownkey.catalog import facts

    loaded: JsonObject = json.loads(facts._PATH.read_text())
    return loaded


@cache
def _models() -> dict[str, list[str]]:
    """Return the models of the catalog by who runs them, under the providers' own ids where they are unmistakable."""
    found: dict[str, list[str]] = {slug: [] for slug in REGISTRY}
    for model, line in _catalog()["models"].items():
        for provider in line[4]:
            found[provider].append(model)
    return {slug: sorted(models) or [f"{slug}/nothing-listed"] for slug, models in found.items()}


# What it must cost


def expected(case: Case, record: UsageRecord) -> Fraction | None:
    """Return what a request with this usage must cost its caller; None when its price is not known."""
    if record.outcome == "failed":
        return Fraction(0)
    share = Fraction(1) if case.credential == "platform" else Fraction(FEE_RATE)
    if record.usage.reported_cost:
        return Fraction(record.usage.reported_cost) * share
    rows = _catalog()["models"].get(case.model, [None] * 5)[4] or {}
    prices = [row[1] for row in rows.values() if len(row) > 1 and row[1]]
    row = rows.get(case.provider, [None])
    price = row[1] if len(row) > 1 else None
    if not price:
        return None
    if case.credential != "platform" and not any(_rates(price, record)[:2]):
        paid = [each for each in prices if sum(_rates(each, None)[:2])]
        price = min(paid, key=lambda each: sum(_rates(each, None)[:2])) if paid else price
    usage = record.usage
    fresh, output, cached, written, reasoning = _rates(price, record)
    return share * sum(
        (
            fresh * (usage.input_tokens - usage.cached_input_tokens - usage.cache_write_tokens),
            cached * usage.cached_input_tokens,
            written * usage.cache_write_tokens,
            output * (usage.output_tokens - usage.reasoning_tokens),
            reasoning * usage.reasoning_tokens,
        ),
        Fraction(0),
    )


def _rates(price: str, record: UsageRecord | None) -> list[Fraction]:
    """Return dollars a token for input, output, cached input, cache writes and reasoning."""
    base, *tiers = price.rpartition(" ")[2].split(";")
    for tier in tiers:
        start, _, rates = tier.partition(":")
        if record and record.usage.input_tokens > int(start):
            base = rates
    texts = [*base.split("/"), "", "", ""][:5]
    fallbacks = (texts[0], texts[1], texts[0], texts[0], texts[1])
    return [Fraction(text or other) / 10**6 for text, other in zip(texts, fallbacks, strict=True)]


# The gateway


class Gateway:
    """The chat service as it is deployed, with made-up providers, keys and teams."""

    def __init__(self, usage: UsageStore, spending: Any = None, log: Any = None) -> None:
        """Make one; `usage` takes the records, `spending` counts, and both may fail as stores do."""
        self.usage, self.spending = usage, spending or FakeSpending()
        chat_slugs = [slug for slug, spec in REGISTRY.items() if spec.kind == "chat"]
        owners = ("user#ada", "user#bob", f"team#{TEAM_ID}", "platform")
        used_at = START.isoformat()
        keys = FakeKeys(
            *(stored_key(slug, owner, last_used_at=used_at) for owner in owners for slug in (*chat_slugs, "tavily"))
        )
        place = standing(mode=ByokMode.PREFER_TEAM)
        self._standings = {user: replace(place, member=replace(place.member, user_id=user)) for user in ("ada", "bob")}
        self._contexts = FakeContexts(keys)
        self._transport = _OneAnswer()
        self._opener = _Opener()
        base_urls = {slug: "https://example.com/v1" for slug in chat_slugs if slug != "aws"}
        adapter = ChatAdapter(REGISTRY, self._transport, base_urls, sleep=lambda seconds: None)
        logger = Logger(service="chat", level="ERROR", stream=log)
        notes = KeyNotes(keys=keys, now=self.now, logger=logger)
        engines = FakeEngines()
        engines.answer = SearchAnswer(
            results=(SearchResult(title="A page", url="https://example.com", content="Trees"),), price=SEARCH_PRICE
        )
        self.service = ChatService(
            router=ChatRouter(
                caller_keys=CallerKeys(keys=keys, contexts=self._contexts),
                catalog=LazyCatalog(),
                providers=chat_providers(adapter),
                judge=adapter,
            ),
            adapter=adapter,
            opener=self._opener,
            admission=self.spending,
            ledger=ChatLedger(
                notes=notes,
                usage=PatientUsageStore(store=usage, logger=logger, sleep=lambda seconds: None),
                spending=self.spending,
                fee_rate=FEE_RATE,
                catalog_version=LazyCatalog().version,
                now=self.now,
                logger=logger,
            ),
            search=ChatSearch(searches=Searches(engines=engines, opener=self._opener, notes=notes, now=self.now)),
            describe_error=lambda error: {**chat_error(error).body["error"], "status": chat_error(error).status},
            now=self.now,
        )
        self._ticks = 0

    def now(self) -> datetime:
        """Return a time that goes on by a millisecond a look."""
        self._ticks += 1
        return START + timedelta(milliseconds=self._ticks)

    def run(self, case: Case) -> Result:
        """Make the request of a case, end it as the case says, and settle it."""
        self._transport.answer = lambda: _response(case)
        self._opener.case = case
        self._contexts.standing = self._standings[case.user_id]
        deadline = _Deadline(int(case.cut_at * 12) if case.end == "late" else None)
        principal = Principal(user_id=case.user_id, credential="gateway_key", gateway_key_id=f"key-of-{case.user_id}")
        try:
            answer = self.service.answer(_request(case), principal, deadline=deadline, request_id=case.request_id)
        except GatewayError as error:
            return Result(case=case, receipt=None, error=str(chat_error(error).body["error"]["code"]))
        if isinstance(answer, CompletedAnswer):
            answer.settle()
            return Result(case=case, receipt=json.loads(json.dumps(answer.body))["x_ownkey_pricing"])
        frames = answer.frames
        if case.end == "hang_up":
            for _ in range(int(case.cut_at * 8)):
                next(frames, None)
            frames.close()  # type: ignore[attr-defined]
            answer.settle()
            return Result(case=case, receipt=None)
        *before, last, done = b"".join(frames).split(b"\n\n")[:-1]
        answer.settle()
        assert done == b"data: [DONE]"
        assert not any(b"x_ownkey_pricing" in frame for frame in before)
        return Result(case=case, receipt=json.loads(last.removeprefix(b"data: "))["x_ownkey_pricing"])


def _request(case: Case) -> ChatRequest:
    body = {"messages": [{"role": "user", "content": "Tell me of trees."}]}
    opted_in = case.credential == "user"
    return ChatRequest(
        body=body,
        model=case.model,
        stream=case.stream,
        byok=ByokOptions(enabled=opted_in, provider=case.provider if opted_in else None),
        selection=None if opted_in else ProviderSelection(param="provider", only=(case.provider,)),
        team_id=TEAM_ID if case.credential == "team" else None,
        search=SearchWish() if case.searches else None,
    )


def _response(case: Case) -> FakeResponse:
    cut = int(case.cut_at * len(case.body))
    broken = ProviderFailureError("The connection broke.", provider=case.provider)
    pieces: list[bytes | Exception] = [case.body[at : at + 300] for at in range(0, len(case.body), 300)]
    if case.end in ("broken", "silent"):
        pieces = [case.body[:cut], *([broken] if case.end == "broken" else [])]
    return FakeResponse(case.status, pieces, case.headers)


class _OneAnswer:
    """Answers every request with what it is told."""

    answer: Any

    def send(self, request: Any, deadline: Any) -> FakeResponse:
        if deadline.remaining_seconds() <= 0:
            raise ProviderTimeoutError("It took too long.", provider=request.provider)
        response: FakeResponse = self.answer()
        return response


class _Opener:
    case: Case

    def open(self, key: Any) -> Credential:
        if self.case.end == "locked" and key.provider != "tavily":
            raise VaultUnavailableError("KMS is down")
        return aws_credential() if key.provider == "aws" else credential(key.provider)


@dataclass
class _Deadline:
    """Reached after so many looks; None: never."""

    looks: int | None
    _seen: int = field(default=0)

    def remaining_seconds(self) -> float:
        self._seen += 1
        return 0.0 if self.looks is not None and self._seen > self.looks + 4 else 60.0


class RememberingDynamoDB:
    """As much of DynamoDB as a usage record needs: a write that is made once."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], dict[str, Any]] = {}

    def put_item(self, *, TableName: str, Item: dict[str, Any], ConditionExpression: str) -> None:  # noqa: N803
        """Store an item that is not there yet."""
        assert ConditionExpression == "attribute_not_exists(pk)"
        place = (Item["pk"]["S"], Item["sk"]["S"])
        if place in self.items:
            raise AlreadyThereError
        self.items[place] = Item


class AlreadyThereError(Exception):
    """The condition of a write did not hold."""

    response = {"Error": {"Code": "ConditionalCheckFailedException"}}
