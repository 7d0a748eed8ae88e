"""Hand-made parts for the chat service: a provider that answers as told, and stores that remember."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

from ownkey.api.errors import chat_error
from ownkey.domain.chat import ByokOptions, ChatRequest, Completion, Usage
from ownkey.domain.identity import Principal
from ownkey.domain.provider_keys import Credential, KeyStatus, ProviderKey
from ownkey.domain.routing import Candidate, ModelListing
from ownkey.domain.search import SearchAnswer, SearchRequest, SearchResult
from ownkey.domain.secrets import Secret
from ownkey.observability import Logger
from ownkey.routing.providers import Providers
from ownkey.services.caller_keys import CallerKeys
from ownkey.services.chat import ChatService
from ownkey.services.chat_ledger import ChatLedger
from ownkey.services.chat_routing import ChatRouter
from ownkey.services.chat_search import ChatSearch
from ownkey.services.funds import FundsGate
from ownkey.services.key_notes import KeyNotes
from ownkey.services.searches import Searches
from ownkey.services.usage_keeping import PatientUsageStore

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
USAGE = Usage(input_tokens=9, output_tokens=20, cached_input_tokens=3)
PRINCIPAL = Principal(user_id="u1", credential="gateway_key", gateway_key_id="g1")
NO_DEADLINE = SimpleNamespace(remaining_seconds=lambda: 60.0)
FOUND = SearchAnswer(
    results=(
        SearchResult(title="Weather", url="https://weather.example/oslo", content="It rains in Oslo."),
        SearchResult(title="News", url="https://news.example/", content="A dry day in Bergen."),
    ),
    price=Decimal("0.008"),
)
LISTED = (Candidate("openai", "gpt-4.1"), Candidate("openrouter", "openai/gpt-4.1"))
LISTING = ModelListing("openai/gpt-4.1", LISTED)


def chunk(delta=None, finish=None, index=0):
    choice = {"index": index, "delta": delta or {}, "finish_reason": finish}
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4.1", "choices": [choice]}


CHUNKS = (
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": "Hel"}),
    chunk({"content": "lo"}),
    chunk({}, "stop"),
)


def completion(usage=USAGE, **changes):
    body = {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4.1",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
        "usage": usage and usage.to_openai(),
    }
    return Completion(body=body, usage=usage, **changes)


class FakeStream:
    """Yields the given chunks; an exception among them is raised at its place."""

    def __init__(self, chunks=CHUNKS, usage=USAGE, dropped=()):
        self._chunks, self._last_usage, self.dropped = chunks, usage, dropped
        self.usage = None
        self.closed = 0

    def __iter__(self):
        for item in self._chunks:
            if isinstance(item, Exception):
                raise item
            yield item
        self.usage = self._last_usage

    def close(self):
        self.closed += 1


class FakeProvider:
    """Answers calls from a list, in order; an exception in it is raised."""

    def __init__(self, *answers):
        self.answers, self.calls, self.requests = list(answers), [], []

    def _next(self, **call):
        self.calls.append(call)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    takes_no_seed = ""
    """The one provider that cannot take the field `seed`."""

    def left_out(self, request, *, provider, upstream_model):
        return ("seed",) if provider == self.takes_no_seed else ()

    refusal: Exception | None = None
    """Raised for every request."""

    def check(self, request, *, provider, upstream_model):
        if self.refusal:
            raise self.refusal

    def complete(self, request, **call):
        if self.refusal:
            raise self.refusal
        self.requests.append(request)
        return self._next(**call)

    stream = complete


class FakeKeys:
    def __init__(self, *keys):
        self.keys = {(key.owner, key.provider): key for key in keys}
        self.reads, self.marks, self.touches = [], [], []
        self.failure = None

    def load_for_use(self, owner, provider):
        self.reads.append((owner, provider))
        return self.keys.get((owner, provider))

    def load_all_for_use(self, owner):
        self.reads.append((owner, "*"))
        return [key for (of, _), key in self.keys.items() if of == owner]

    def mark(self, key, *, status, last_error, at):
        if self.failure:
            raise self.failure
        self.marks.append((key.provider, status, last_error))

    def touch(self, key, *, at):
        if self.failure:
            raise self.failure
        self.touches.append((key.provider, at))


class FakeContexts:
    """One team with one member, and keys by owner; like the store it reads everything at once."""

    def __init__(self, keys, standing=None):
        self.keys, self.standing, self.reads = keys, standing, []

    def load(self, team_id, user_id, *, owners, providers, now):
        self.reads.append((team_id, user_id, tuple(owners), tuple(providers)))
        found: dict[str, dict[str, ProviderKey]] = {owner: {} for owner in owners}
        for (owner, provider), key in self.keys.keys.items():
            if owner in owners and provider in providers:
                found[owner][provider] = key
        known = self.standing and (self.standing.team.team_id, self.standing.member.user_id) == (team_id, user_id)
        return SimpleNamespace(standing=self.standing if known else None, keys=found)


class FakeSpending:
    def __init__(self):
        self.admitted, self.added = [], []
        self.failure = None

    def admit(self, gateway_key_id, limits, now):
        if self.failure:
            raise self.failure
        self.admitted.append((gateway_key_id, limits))

    def add(self, amount, *, now, gateway_key_id, member):
        if self.failure:
            raise self.failure
        self.added.append((amount, gateway_key_id, member))


class FakeUsage:
    def __init__(self):
        self.records = []
        self.failure = None
        self.failures = []
        """Raised by the next tries, one each."""

    def put(self, record):
        if self.failures:
            raise self.failures.pop(0)
        if self.failure:
            raise self.failure
        self.records.append(record)


class FakeEngines:
    """Search engines that answer as told, and take every option; an exception is raised."""

    def __init__(self):
        self.asked = []
        self.answer: SearchAnswer | Exception = FOUND

    def prepare(self, wish, engine, *, query, output="searchResults"):
        return SearchRequest(
            engine=engine, query=query, depth=wish.depth or "standard", output=output, fields=dict(wish.options)
        )

    def search(self, request, *, credential, deadline):
        self.asked.append((request, credential.api_key.reveal()))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class FakeOpener:
    def __init__(self):
        self.opened = []
        self.failure = None

    def open(self, key):
        if self.failure:
            raise self.failure
        self.opened.append(key.provider)
        return Credential({"apiKey": Secret(f"sk-{key.provider}-0123456789")})


def stored_key(provider="openai", owner="user#u1", **changes):
    stamp = "2026-01-01T00:00:00+00:00"
    fields = {"owner": owner, "provider": provider, "key_id": f"k-{provider}", "status": KeyStatus.ACTIVE}
    fields |= {"created_at": stamp, "updated_at": stamp, "key_suffix": "6789", "ciphertext": b"sealed"}
    return ProviderKey(**{**fields, **changes})


class Chat:
    """A chat service with its fake parts in reach, and a clock that moves 10 ms a look."""

    def __init__(
        self, *answers, keys=None, log=None, standing=None, listing=LISTING, principal=PRINCIPAL, balance=None
    ):
        self.provider = FakeProvider(*answers)
        self.keys = FakeKeys(*([stored_key()] if keys is None else keys))
        self.usage, self.opener = FakeUsage(), FakeOpener()
        self.contexts, self.spending = FakeContexts(self.keys, standing), FakeSpending()
        self.principal, self.engines = principal, FakeEngines()
        self.ticks = 0
        self.pauses: list[float] = []
        self.catalog_versions = ["2026-11-23+test-1"]
        logger = Logger(service="chat", stream=log)
        notes = KeyNotes(keys=self.keys, now=self.now, logger=logger)
        catalog = SimpleNamespace(
            listing_of=lambda model: listing if model in ("gpt-4.1", listing.canonical_id) else ModelListing(),
            nearest_names=lambda model: ("gpt-4.1",),
        )
        self.service = ChatService(
            router=ChatRouter(
                caller_keys=CallerKeys(keys=self.keys, contexts=self.contexts),
                catalog=catalog,
                providers=Providers(chat=("openai", "openrouter", "groq"), others=("tavily",)),
                judge=self.provider,
                funds=None if balance is None else FundsGate(SimpleNamespace(balance_of=lambda _: balance), "platform"),
            ),
            adapter=self.provider,
            opener=self.opener,
            admission=self.spending,
            ledger=ChatLedger(
                notes=notes,
                usage=PatientUsageStore(store=self.usage, logger=logger, sleep=self.pauses.append),
                spending=self.spending,
                fee_rate="0.05",
                catalog_version=lambda: self.catalog_versions[0],
                now=self.now,
                logger=logger,
            ),
            search=ChatSearch(searches=Searches(engines=self.engines, opener=self.opener, notes=notes, now=self.now)),
            describe_error=lambda error: {**chat_error(error).body["error"], "status": chat_error(error).status},
            now=self.now,
        )

    def now(self):
        self.ticks += 1
        return START + timedelta(milliseconds=10 * self.ticks)

    deadline = NO_DEADLINE

    def ask(self, **changes):
        request = self._request(**changes)
        return self.service.answer(request, self.principal, deadline=self.deadline, request_id="req_1")

    def explain(self, **changes):
        return self.service.explain(self._request(**changes), self.principal)

    def _request(self, *, stream=False, byok=True, fallbacks=False, pinned=None, **changes):
        options = ByokOptions(enabled=byok, provider=pinned, disable_fallbacks=not fallbacks)
        fields = {"body": {"messages": [{"role": "user", "content": "hi"}]}, "model": "gpt-4.1"}
        return ChatRequest(**{**fields, "stream": stream, "byok": options, **changes})
