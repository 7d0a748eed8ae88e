import io
import json
from dataclasses import replace
from decimal import Decimal

import pytest

from ownkey.domain import errors as e
from ownkey.domain.chat import ByokOptions, ChatRequest
from ownkey.domain.identity import GatewayKeyLimits
from ownkey.domain.prices import Price, Rates
from ownkey.domain.provider_keys import KeyStatus
from ownkey.domain.routing import Candidate, ModelListing, ProviderSelection
from tests.support.chat import CHUNKS, PRINCIPAL, START, Chat, FakeStream, chunk, completion, stored_key

BOTH = (stored_key("openai"), stored_key("openrouter"))
REJECTED = e.ProviderKeyRejectedError("openai rejected the key ending in 6789.", provider="openai", upstream_status=401)


def events(answer):
    text = b"".join(answer.frames).decode()
    answer.settle()
    payloads = [part.removeprefix("data: ") for part in text.split("\n\n") if part]
    assert payloads[-1] == "[DONE]"
    return [json.loads(payload) for payload in payloads[:-1]]


def test_a_whole_answer_carries_usage_receipt_and_headers():
    chat = Chat(completion(dropped=("seed",)))
    answer = chat.ask()
    assert answer.body["usage"]["prompt_tokens"] == 9
    receipt = answer.body["x_ownkey_pricing"]
    assert (receipt["byok"], receipt["byokProvider"], receipt["inputTokens"], receipt["outputTokens"]) == (
        True,
        "openai",
        9,
        20,
    )
    assert (receipt["amount"], receipt["priceSource"]) == (None, "unknown")
    assert answer.headers == {
        "x-ownkey-provider": "openai",
        "x-ownkey-credential": "user",
        "x-ownkey-key-suffix": "6789",
        "x-ownkey-attempts": "1",
        "x-ownkey-dropped": "seed",
    }
    assert chat.provider.calls[0]["upstream_model"] == "gpt-4.1"


def test_an_explanation_opens_nothing_and_calls_nobody():
    chat = Chat(keys=BOTH)
    request = ChatRequest(body={}, model="gpt-4.1", byok=ByokOptions(enabled=True, disable_fallbacks=False))
    explained = chat.service.explain(request, PRINCIPAL)
    assert [attempt["provider"] for attempt in explained["attempts"]] == ["openai", "openrouter"]
    assert (chat.opener.opened, chat.provider.calls, chat.usage.records) == ([], [], [])
    assert len(chat.keys.reads) == 1


def test_a_suffix_of_the_model_chooses_the_provider():
    chat = Chat(completion(), keys=[stored_key("openrouter", "platform")])
    answer = chat.ask(byok=False, model="gpt-4.1:openrouter")
    assert answer.headers["x-ownkey-provider"] == "openrouter"
    assert chat.provider.calls[0]["upstream_model"] == "openai/gpt-4.1"


@pytest.mark.parametrize(("allowed", "attempts"), [(True, 2), (False, 1)])
def test_traffic_on_the_operators_keys_falls_back_where_it_may(allowed, attempts):
    failure = e.ProviderFailureError("openai failed.", provider="openai")
    chat = Chat(failure, completion(), keys=[stored_key(slug, "platform") for slug in ("openai", "openrouter")])
    selection = ProviderSelection(param="provider", allow_fallbacks=allowed)
    if allowed:
        assert chat.ask(byok=False, selection=selection).headers["x-ownkey-attempts"] == "2"
    else:
        with pytest.raises(e.ProviderFailureError):
            chat.ask(byok=False, selection=selection)
    assert len(chat.provider.calls) == attempts


def test_required_parameters_are_asked_of_the_adapter():
    chat = Chat(completion(), keys=[stored_key(slug, "platform") for slug in ("openai", "openrouter")])
    chat.provider.takes_no_seed = "openai"
    selection = ProviderSelection(param="provider", require_parameters=True)
    assert chat.ask(byok=False, selection=selection).headers["x-ownkey-provider"] == "openrouter"


def test_what_was_used_is_recorded_once():
    chat = Chat(completion())
    chat.ask().settle()
    (record,) = chat.usage.records
    assert (record.request_id, record.owner, record.outcome, record.estimated) == (
        "req_1",
        "user#u1",
        "completed",
        False,
    )
    assert record.duration_ms > 0
    assert chat.keys.touches[0][0] == "openai"


def test_a_recent_last_use_is_not_written_again():
    chat = Chat(completion(), keys=[stored_key(last_used_at=START.isoformat())])
    chat.ask().settle()
    assert chat.keys.touches == []


def test_a_key_that_nobody_could_check_is_active_once_it_has_worked():
    chat = Chat(completion(), keys=[stored_key(status=KeyStatus.UNVERIFIED)])
    chat.ask().settle()
    assert chat.keys.marks == [("openai", KeyStatus.ACTIVE, None)]
    assert chat.keys.touches == []


def test_usage_that_was_not_reported_is_estimated_and_says_so():
    chat = Chat(completion(usage=None))
    answer = chat.ask()
    assert answer.body["usage"]["completion_tokens"] > 0
    answer.settle()
    assert chat.usage.records[0].estimated


@pytest.mark.parametrize("broken", ["usage", "keys"])
def test_a_store_that_fails_after_the_answer_does_not_fail_the_caller(broken):
    log = io.StringIO()
    chat = Chat(completion(), log=log)
    getattr(chat, broken).failure = e.StoreUnavailableError("down")
    chat.ask().settle()
    assert "not" in log.getvalue()


def test_one_read_finds_the_keys():
    chat = Chat(completion())
    chat.ask()
    assert chat.keys.reads == [("user#u1", "*")]


def test_a_pinned_providers_key_is_read_alone():
    chat = Chat(completion(), keys=[stored_key("groq")])
    chat.ask(pinned="groq")
    assert chat.keys.reads == [("user#u1", "groq")]


def test_without_opt_in_the_platforms_key_is_used_and_its_suffix_is_not_shown():
    chat = Chat(completion(), keys=[*BOTH, stored_key("openai", owner="platform")])
    answer = chat.ask(byok=False)
    assert answer.headers["x-ownkey-credential"] == "platform"
    assert "x-ownkey-key-suffix" not in answer.headers
    assert answer.body["x_ownkey_pricing"]["byok"] is False
    answer.settle()
    assert chat.usage.records[0].owner == "platform"


def test_byok_never_falls_back_to_the_platforms_keys():
    chat = Chat(REJECTED, keys=[stored_key(), stored_key("openrouter", owner="platform")])
    with pytest.raises(e.ProviderKeyRejectedError):
        chat.ask(fallbacks=True)
    assert len(chat.provider.calls) == 1


def test_a_rejected_key_is_marked_invalid():
    chat = Chat(REJECTED)
    with pytest.raises(e.ProviderKeyRejectedError):
        chat.ask()
    assert chat.keys.marks == [("openai", KeyStatus.INVALID, REJECTED.message)]


def test_a_rejected_platform_key_is_our_fault_and_stays_as_it_is():
    chat = Chat(REJECTED, keys=[stored_key(owner="platform")])
    with pytest.raises(e.MisconfiguredError):
        chat.ask(byok=False)
    assert chat.keys.marks == []


def upstream(error, **fields):
    return error("x", provider="openai", **fields)


FALL_BACK = [
    REJECTED,
    upstream(e.ProviderRateLimitedError),
    upstream(e.ProviderQuotaError),
    upstream(e.ProviderFailureError),
    upstream(e.ProviderTimeoutError),
    upstream(e.ProviderRequestError, kind="not_found"),
]
STAY = [upstream(e.ProviderRequestError, kind=kind) for kind in ("bad_request", "too_large", "unprocessable")]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("error", FALL_BACK, ids=lambda error: type(error).__name__)
def test_fallback_moves_on_to_the_next_stored_key(error, stream):
    chat = Chat(error, FakeStream() if stream else completion(), keys=BOTH)
    answer = chat.ask(fallbacks=True, stream=stream)
    assert answer.headers["x-ownkey-provider"] == "openrouter"
    assert answer.headers["x-ownkey-attempts"] == "2"
    assert chat.provider.calls[1]["upstream_model"] == "openai/gpt-4.1"


@pytest.mark.parametrize("error", STAY, ids=lambda error: error.kind)
def test_a_request_that_was_refused_as_such_is_not_tried_elsewhere(error):
    chat = Chat(error, completion(), keys=BOTH)
    with pytest.raises(e.ProviderRequestError):
        chat.ask(fallbacks=True)
    assert len(chat.provider.calls) == 1


@pytest.mark.parametrize("error", FALL_BACK, ids=lambda error: type(error).__name__)
def test_fail_fast_is_the_default(error):
    chat = Chat(error, completion(), keys=BOTH)
    with pytest.raises(type(error)):
        chat.ask()
    assert len(chat.provider.calls) == 1


def test_only_the_key_of_an_attempt_that_is_made_is_opened():
    chat = Chat(completion(), keys=BOTH)
    chat.ask(fallbacks=True)
    assert chat.opener.opened == ["openai"]


def test_a_vault_that_fails_is_our_fault():
    chat = Chat(completion(), keys=BOTH)
    chat.opener.failure = e.VaultUnavailableError("kms")
    with pytest.raises(e.VaultUnavailableError):
        chat.ask(fallbacks=True)


def test_a_team_that_is_not_the_callers_is_refused():
    with pytest.raises(e.TeamForbiddenError):
        Chat(completion()).ask(team_id="t1")


def test_a_stream_ends_with_the_finish_chunk_that_carries_the_receipt():
    chat = Chat(FakeStream())
    frames = events(chat.ask(stream=True))
    assert [frame["choices"][0]["delta"].get("content") for frame in frames] == ["", "Hel", "lo", None]
    assert frames[-1]["choices"][0]["finish_reason"] == "stop"
    assert frames[-1]["x_ownkey_pricing"]["outputTokens"] == 20
    assert all("usage" not in frame for frame in frames)
    assert chat.usage.records[0].outcome == "completed"


def test_usage_comes_on_a_chunk_of_its_own_when_asked_for():
    frames = events(Chat(FakeStream()).ask(stream=True, include_usage=True))
    assert frames[-2]["choices"][0]["finish_reason"] == "stop"
    assert frames[-1]["choices"] == []
    assert frames[-1]["usage"]["total_tokens"] == 29
    assert frames[-1]["x_ownkey_pricing"]["inputTokens"] == 9


def test_every_choices_finish_reason_is_passed_on():
    stream = FakeStream(
        (chunk({"content": "a"}), chunk({}, "stop", 0), chunk({"content": "b"}, index=1), chunk({}, "length", 1))
    )
    frames = events(Chat(stream).ask(stream=True))
    assert [frame["choices"][0]["finish_reason"] for frame in frames] == [None, "stop", None, "length"]
    assert ["x_ownkey_pricing" in frame for frame in frames] == [False, False, False, True]


def test_a_failure_after_the_first_byte_becomes_a_last_chunk_and_is_metered():
    broken = e.ProviderFailureError("openai ended the stream too early.", provider="openai")
    stream = FakeStream((*CHUNKS[:2], broken))
    chat = Chat(stream, completion(), keys=BOTH)
    frames = events(chat.ask(stream=True, fallbacks=True))
    assert frames[-1]["choices"] == [{"index": 0, "delta": {}, "finish_reason": "error"}]
    assert frames[-1]["error"]["code"] == "provider_error"
    assert frames[-1]["error"]["status"] == 502
    assert frames[-1]["id"] == "c1"
    (record,) = chat.usage.records
    assert (record.outcome, record.estimated) == ("cut", True)
    assert stream.closed
    assert len(chat.provider.calls) == 1


def test_a_failure_of_ours_after_the_first_byte_is_not_explained():
    frames = events(Chat(FakeStream((*CHUNKS[:2], ValueError("sk-secret")))).ask(stream=True))
    assert frames[-1]["error"]["status"] == 503
    assert "sk-secret" not in json.dumps(frames)


@pytest.mark.parametrize("read", [0, 1, 2, 3])
def test_a_caller_who_hangs_up_is_metered_and_the_provider_is_hung_up_on(read):
    stream = FakeStream()
    chat = Chat(stream)
    answer = chat.ask(stream=True)
    for _ in range(read):
        next(answer.frames)
    answer.settle()
    assert stream.closed
    assert [record.outcome for record in chat.usage.records] == ["client_gone"]


def test_a_stream_that_fails_before_its_first_chunk_may_fall_back_and_is_closed():
    stream = FakeStream((upstream(e.ProviderFailureError),))
    chat = Chat(stream, FakeStream(), keys=BOTH)
    answer = chat.ask(stream=True, fallbacks=True)
    assert stream.closed
    assert answer.headers["x-ownkey-attempts"] == "2"


def test_an_empty_stream_is_a_failure():
    with pytest.raises(e.ProviderFailureError):
        Chat(FakeStream(())).ask(stream=True)


def test_the_log_line_names_who_and_what_but_no_text():
    log = io.StringIO()
    Chat(completion(), log=log).ask().settle()
    line = json.loads(log.getvalue().splitlines()[-1])
    assert (line["provider"], line["outcome"], line["input_tokens"]) == ("openai", "completed", 9)
    assert "Hello" not in log.getvalue()


LIMITED = replace(PRINCIPAL, limits=GatewayKeyLimits(requests_per_day=10, usd_per_day=Decimal(1)))


def test_a_key_with_daily_limits_is_counted_before_anybody_is_called():
    chat = Chat(completion(), principal=LIMITED)
    chat.ask().settle()
    assert chat.spending.admitted == [("g1", LIMITED.limits)]
    assert [(key, member) for _, key, member in chat.spending.added] == [("g1", None)]
    chat.spending.failure = e.DailyRequestLimitError("used up", retry_after_seconds=9)
    with pytest.raises(e.DailyRequestLimitError):
        chat.ask()
    assert len(chat.provider.calls) == 1


def test_a_key_without_limits_is_not_counted():
    chat = Chat(completion())
    chat.ask().settle()
    assert chat.spending.admitted == []
    assert [(key, member) for _, key, member in chat.spending.added] == [(None, None)]


def test_a_request_that_nobody_can_run_is_not_counted():
    chat = Chat(principal=LIMITED, keys=[])
    with pytest.raises(e.ProviderKeyMissingError):
        chat.ask()
    assert chat.spending.admitted == []


def test_a_priced_request_states_its_fee_and_records_it():
    price = Price(rates=Rates(input=Decimal(2), output=Decimal(8)))
    chat = Chat(completion(), listing=ModelListing("openai/gpt-4.1", (Candidate("openai", "gpt-4.1", price),)))
    answer = chat.ask()
    receipt = answer.body["x_ownkey_pricing"]
    assert (receipt["amount"], receipt["listPrice"], receipt["platformFee"], receipt["priceSource"]) == (
        "0.0000089",
        "0.000178",
        "0.0000089",
        "catalog",
    )
    answer.settle()
    assert chat.usage.records[0].charge.amount == Decimal("0.0000089")
    assert chat.spending.added[0][0] == Decimal("0.0000089")
