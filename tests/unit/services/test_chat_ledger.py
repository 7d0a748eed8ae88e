"""Every way out leaves one record, and what the receipt says is what the record says."""

import io
import json
from dataclasses import asdict, replace
from decimal import Decimal
from types import SimpleNamespace

import pytest

from ownkey.domain import errors as e
from ownkey.domain.chat import Usage
from ownkey.domain.prices import Charge, Price, Rates
from ownkey.domain.routing import Candidate, ModelListing
from ownkey.domain.search import SearchWish
from ownkey.domain.teams import ByokMode
from tests.support.chat import CHUNKS, USAGE, Chat, FakeStream, chunk, completion, stored_key
from tests.support.standings import TEAM_ID, standing

PRICE = Price(rates=Rates(input=Decimal(2), output=Decimal(8)))
LISTING = ModelListing(
    "openai/gpt-4.1", (Candidate("openai", "gpt-4.1", PRICE), Candidate("openrouter", "openai/gpt-4.1", PRICE))
)
FREE = Charge().waived()
BOTH = (stored_key("openai"), stored_key("openrouter"))
BROKEN = e.ProviderFailureError("openai broke its answer off in the middle.", provider="openai")
DOWN = e.StoreUnavailableError("PutItem on table Usage failed: InternalServerError")


def priced(*answers, **changes):
    return Chat(*answers, listing=LISTING, **changes)


def delivered(answer):
    """Return the frames of a stream, read to its end and settled."""
    payloads = [part.removeprefix("data: ") for part in b"".join(answer.frames).decode().split("\n\n") if part]
    answer.settle()
    assert payloads[-1] == "[DONE]"
    return [json.loads(payload) for payload in payloads[:-1]]


def as_receipt(record):
    """Return the numbers of a record as a receipt has them."""
    amounts = (record.charge.amount, record.charge.list_price, record.charge.platform_fee)
    texts = tuple(None if amount is None else amount for amount in amounts)
    return (*texts, record.charge.source, record.usage.input_tokens, record.usage.output_tokens)


def numbers(receipt):
    amounts = (receipt[name] for name in ("amount", "listPrice", "platformFee"))
    texts = tuple(None if amount is None else Decimal(amount) for amount in amounts)
    return (*texts, receipt["priceSource"], receipt["inputTokens"], receipt["outputTokens"])


@pytest.mark.parametrize("usage", [USAGE, None, replace(USAGE, reported_cost=Decimal("0.000123"))])
@pytest.mark.parametrize("byok", [True, False])
def test_a_whole_answers_receipt_is_its_record(usage, byok):
    chat = priced(completion(usage), keys=[stored_key(owner="user#u1" if byok else "platform")])
    answer = chat.ask(byok=byok)
    answer.settle()
    [record] = chat.usage.records
    assert numbers(answer.body["x_ownkey_pricing"]) == as_receipt(record)
    assert (record.outcome, record.estimated, record.error_code) == ("completed", usage is None, None)
    assert record.charge.amount > 0


@pytest.mark.parametrize("usage", [USAGE, None])
@pytest.mark.parametrize("cut", range(2, len(CHUNKS) + 1))
def test_a_cut_streams_last_chunk_has_the_receipt_of_what_was_delivered(cut, usage):
    chat = priced(FakeStream((*CHUNKS[:cut], BROKEN), usage=usage))
    frames = delivered(chat.ask(stream=True))
    [record] = chat.usage.records
    assert frames[-1]["choices"][0]["finish_reason"] == "error"
    assert numbers(frames[-1]["x_ownkey_pricing"]) == as_receipt(record)
    assert (record.outcome, record.estimated, record.error_code) == ("cut", True, "provider_error")


def test_a_stream_that_breaks_before_anything_of_the_answer_came_costs_nothing():
    class Counting(FakeStream):
        usage = property(lambda _: Usage(input_tokens=9), lambda _, __: None)

    chat = priced(Counting((CHUNKS[0], BROKEN)))
    frames = delivered(chat.ask(stream=True))
    [record] = chat.usage.records
    assert frames[-1]["error"]["code"] == "provider_error"
    assert numbers(frames[-1]["x_ownkey_pricing"]) == as_receipt(record) == (0, None, 0, None, 0, 0)
    assert (record.outcome, record.estimated, record.error_code) == ("failed", False, "provider_error")
    assert chat.spending.added == []


def test_neither_does_the_search_before_it():
    chat = priced(FakeStream((CHUNKS[0], BROKEN)), keys=[stored_key(), stored_key("tavily", owner="platform")])
    frames = delivered(chat.ask(stream=True, search=SearchWish()))
    receipt = frames[-1]["x_ownkey_pricing"]
    assert (receipt["amount"], receipt["webSearch"]["amount"]) == ("0", "0")
    assert {(record.outcome, record.charge.amount) for record in chat.usage.records} == {("failed", 0)}
    assert len(chat.usage.records) == 2


def test_what_is_spoken_has_come():
    chat = priced(FakeStream((chunk({"audio": {"transcript": "Hello"}}), BROKEN)))
    delivered(chat.ask(stream=True))
    [record] = chat.usage.records
    assert (record.outcome, record.usage.output_tokens) == ("cut", 2)


def test_the_receipt_is_the_contracts():
    chat = priced(
        completion(Usage(input_tokens=9, output_tokens=19)),
        keys=[stored_key(owner=f"team#{TEAM_ID}")],
        standing=standing(mode=ByokMode.PREFER_TEAM),
    )
    assert chat.ask(byok=False, team_id=TEAM_ID).body["x_ownkey_pricing"] == {
        "amount": "0.0000085",
        "currency": "USD",
        "listPrice": "0.00017",
        "platformFee": "0.0000085",
        "byok": True,
        "byokProvider": "openai",
        "credential": "team",
        "inputTokens": 9,
        "outputTokens": 19,
        "cachedInputTokens": 0,
        "billedToTeam": True,
        "billedTeamId": TEAM_ID,
        "billedTeamName": "Engineering",
        "priceSource": "catalog",
        "requestId": "req_1",
    }


def test_the_request_names_its_gateway_key_its_price_and_its_catalog():
    chat = priced(completion())
    chat.ask().settle()
    [record] = chat.usage.records
    assert (record.gateway_key_id, record.charge.source, record.charge.catalog_version) == (
        "g1",
        "catalog",
        "2026-11-23+test-1",
    )


def test_what_a_cut_stream_had_counted_so_far_is_believed():
    class Counting(FakeStream):
        def __iter__(self):
            for written, item in enumerate(super().__iter__()):
                self.usage = Usage(input_tokens=9, output_tokens=written)
                yield item

    chat = priced(Counting((*CHUNKS[:3], BROKEN)))
    delivered(chat.ask(stream=True))
    [record] = chat.usage.records
    assert (record.usage, record.estimated) == (Usage(input_tokens=9, output_tokens=2), False)


def test_a_stream_that_counted_its_input_only_has_its_output_estimated():
    class Begun(FakeStream):
        def __iter__(self):
            for item in super().__iter__():
                self.usage = Usage(input_tokens=9, cached_input_tokens=4)
                yield item

    chat = priced(Begun((chunk({"content": "seventy bytes " * 5}), BROKEN)))
    delivered(chat.ask(stream=True))
    [record] = chat.usage.records
    assert record.usage == Usage(input_tokens=9, cached_input_tokens=4, output_tokens=20)
    assert record.estimated


def test_a_stream_without_end_is_ended_in_time():
    moments = iter([60.0, 60.0, 60.0, 0.0])
    chat = priced(FakeStream(chunk({"content": "a"}) for _ in range(10**9)))
    chat.deadline = SimpleNamespace(remaining_seconds=lambda: next(moments, 0.0))
    frames = delivered(chat.ask(stream=True))
    [record] = chat.usage.records
    assert len(frames) < 9
    assert frames[-1]["error"]["code"] == "provider_timeout"
    assert (record.outcome, record.error_code) == ("cut", "provider_timeout")
    assert numbers(frames[-1]["x_ownkey_pricing"]) == as_receipt(record)


REJECTED = e.ProviderKeyRejectedError("openai rejected the key.", provider="openai", upstream_status=401)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (REJECTED, "byok_key_rejected"),
        (BROKEN, "provider_error"),
        (e.ProviderTimeoutError("late", provider="openai"), "provider_timeout"),
        (e.ProviderRequestError("no", provider="openai"), "provider_bad_request"),
        (ZeroDivisionError("a fault of ours"), "service_unavailable"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_request_of_which_nothing_came_is_recorded_and_costs_nothing(error, code, stream):
    chat = priced(error)
    with pytest.raises(type(error)):
        chat.ask(stream=stream)
    [record] = chat.usage.records
    assert (record.outcome, record.error_code, record.provider) == ("failed", code, "openai")
    assert (record.charge, record.usage) == (FREE, Usage())
    assert (record.charge.amount, record.time_to_first_byte_ms) == (0, None)
    assert chat.spending.added == []


def test_a_stream_that_fails_before_its_first_chunk_is_recorded_as_failed():
    chat = priced(FakeStream((BROKEN,)))
    with pytest.raises(e.ProviderFailureError):
        chat.ask(stream=True)
    assert [record.outcome for record in chat.usage.records] == ["failed"]


def test_a_platform_key_that_is_rejected_is_recorded_as_our_fault():
    chat = priced(REJECTED, keys=[stored_key(owner="platform")])
    with pytest.raises(e.MisconfiguredError):
        chat.ask(byok=False)
    assert [record.error_code for record in chat.usage.records] == ["service_unavailable"]


def test_a_rejected_platform_key_stays_the_cause_of_what_is_logged():
    with pytest.raises(e.MisconfiguredError) as raised:
        priced(REJECTED, keys=[stored_key(owner="platform")]).ask(byok=False)
    assert raised.value.__cause__ is REJECTED


def test_a_vault_that_is_down_is_recorded():
    chat = priced(completion())
    chat.opener.failure = e.VaultUnavailableError("kms")
    with pytest.raises(e.VaultUnavailableError):
        chat.ask()
    assert [(record.outcome, record.error_code) for record in chat.usage.records] == [("failed", "service_unavailable")]


def test_what_is_refused_before_anybody_is_called_leaves_no_record():
    chat = priced(e.UnsupportedParameterError("openai takes no n", param="n"))
    with pytest.raises(e.UnsupportedParameterError):
        chat.ask()
    assert chat.usage.records == []


def test_what_is_refused_after_another_provider_was_called_is_recorded():
    chat = priced(BROKEN, e.UnsupportedParameterError("openrouter takes no n", param="n"), keys=BOTH)
    with pytest.raises(e.UnsupportedParameterError):
        chat.ask(fallbacks=True)
    assert [(record.outcome, record.error_code) for record in chat.usage.records] == [
        ("failed", "unsupported_parameter")
    ]


def test_attempts_that_were_given_up_for_another_leave_no_record_of_their_own():
    chat = priced(BROKEN, completion(), keys=BOTH)
    chat.ask(fallbacks=True).settle()
    assert [(record.provider, record.outcome) for record in chat.usage.records] == [("openrouter", "completed")]


def test_only_the_last_of_several_failures_is_the_requests():
    chat = priced(BROKEN, e.ProviderTimeoutError("late", provider="openrouter"), keys=BOTH)
    with pytest.raises(e.ProviderTimeoutError):
        chat.ask(fallbacks=True)
    assert [(record.provider, record.error_code) for record in chat.usage.records] == [
        ("openrouter", "provider_timeout")
    ]


def test_a_fault_of_ours_after_the_provider_was_paid_is_recorded_as_failed():
    answer = completion()
    del answer.body["choices"]
    chat = priced(answer)
    with pytest.raises(KeyError):
        chat.ask()
    assert [(record.outcome, record.error_code) for record in chat.usage.records] == [("failed", "service_unavailable")]


def test_an_answer_that_could_not_be_sent_is_recorded_as_failed_and_costs_nothing():
    chat = priced(completion())
    chat.ask().fail(TypeError("not JSON"))
    assert [(record.outcome, record.charge) for record in chat.usage.records] == [("failed", FREE)]


@pytest.mark.parametrize("stream", [False, True])
def test_what_cannot_be_priced_for_a_fault_of_ours_is_unknown_in_both(stream):
    log = io.StringIO()
    chat = priced(FakeStream() if stream else completion(), log=log)
    chat.catalog_versions.clear()
    answer = chat.ask(stream=stream)
    if stream:
        receipt = delivered(answer)[-1]["x_ownkey_pricing"]
    else:
        receipt = answer.body["x_ownkey_pricing"]
        answer.settle()
    [record] = chat.usage.records
    assert numbers(receipt) == as_receipt(record) == (None, None, None, "unknown", 9, 20)
    assert "the request could not be priced" in log.getvalue()


@pytest.mark.parametrize("failures", [1, 2])
def test_a_store_that_fails_for_a_moment_is_tried_again(failures):
    chat = priced(completion())
    chat.usage.failures = [DOWN] * failures
    chat.ask().settle()
    assert len(chat.usage.records) == 1
    assert chat.pauses == [0.1, 0.4][:failures]


@pytest.mark.parametrize("failure", [DOWN, ZeroDivisionError("a fault of ours")])
@pytest.mark.parametrize("stream", [False, True])
def test_a_record_that_cannot_be_stored_is_logged_with_every_number(failure, stream):
    log = io.StringIO()
    usage = replace(USAGE, cache_write_tokens=2, reasoning_tokens=5, reported_cost=Decimal("0.000123"))
    chat = priced(FakeStream(usage=usage) if stream else completion(usage), log=log)
    chat.usage.failure = failure
    answer = chat.ask(stream=stream)
    delivered(answer) if stream else answer.settle()
    *before, lost = [line for line in map(json.loads, log.getvalue().splitlines()) if "stored" in line["message"]]
    assert lost["level"] == "ERROR"
    assert [line["record"] for line in before] == [lost["record"]] * (failure is DOWN)
    kept = priced(FakeStream(usage=usage) if stream else completion(usage))
    answer = kept.ask(stream=stream)
    delivered(answer) if stream else answer.settle()
    [record] = kept.usage.records
    assert lost["record"]["usage"] == {**asdict(record.usage), "reported_cost": "0.000123"}
    assert record.usage == usage
    assert Decimal(lost["record"]["charge"]["amount"]) == record.charge.amount
    for name in ("request_id", "user_id", "owner", "provider", "model", "upstream_model", "key_id", "outcome"):
        assert lost["record"][name] == getattr(record, name)
    assert lost["record"]["credential_owner"] == "user"
    assert lost["record"]["started_at"].startswith("2026-11-23")
    assert chat.spending.added


def test_counting_that_fails_unexpectedly_does_not_reach_the_caller():
    chat = priced(completion())
    chat.spending.failure = ZeroDivisionError("a fault of ours")
    chat.keys.failure = ZeroDivisionError("a fault of ours")
    chat.ask().settle()
    assert len(chat.usage.records) == 1
