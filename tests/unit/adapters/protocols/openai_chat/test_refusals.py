import pytest

from ownkey.adapters.protocols.error_reports import ErrorReport, report_of
from ownkey.adapters.protocols.openai_chat import RefusedParameters, Rendered
from ownkey.adapters.protocols.openai_chat.refusals import CAPACITY

KEY = ("https://x.openai.azure.com", "d")


def report(param: str | None, message: str = "m", code: str | None = "unsupported_parameter") -> ErrorReport:
    return report_of({"error": {"message": message, "param": param, "code": code}})


@pytest.mark.parametrize(
    ("said", "other"),
    [
        (report("max_tokens"), {"max_completion_tokens": 10}),
        (report(None, "Unsupported parameter: 'max_tokens' is not supported.", None), {"max_completion_tokens": 10}),
        (report(None, "Unrecognized request argument supplied: max_tokens", None), {"max_completion_tokens": 10}),
    ],
)
def test_the_token_limit_goes_out_under_its_other_name(said: ErrorReport, other: dict[str, int]) -> None:
    refused = RefusedParameters()

    assert refused.learn(KEY, said)

    assert refused.mend(KEY, Rendered("/", {"max_tokens": 10})).body == other
    assert refused.mend(("elsewhere", "d"), Rendered("/", {"max_tokens": 10})).body == {"max_tokens": 10}


def test_an_older_model_gets_the_older_name() -> None:
    refused = RefusedParameters()

    assert refused.learn(KEY, report("max_completion_tokens", code="unknown_parameter"))

    assert refused.mend(KEY, Rendered("/", {"max_completion_tokens": 10})).body == {"max_tokens": 10}


def test_a_refused_sampling_field_is_left_out_and_named() -> None:
    refused = RefusedParameters()

    assert refused.learn(KEY, report("temperature", code="unsupported_value"))
    mended = refused.mend(KEY, Rendered("/", {"temperature": 0.5, "a": 1}, ("seed",)))

    assert mended == Rendered("/", {"a": 1}, ("seed", "temperature"))


def test_a_refused_field_inside_an_object_is_left_out() -> None:
    refused = RefusedParameters()

    assert refused.learn(KEY, report("reasoning.summary", code="unsupported_value"))

    rendered = Rendered("/", {"reasoning": {"effort": "low", "summary": "auto"}})
    assert refused.mend(KEY, rendered) == Rendered("/", {"reasoning": {"effort": "low"}})
    assert rendered.body["reasoning"] == {"effort": "low", "summary": "auto"}
    assert refused.mend(KEY, Rendered("/", {"a": 1})) == Rendered("/", {"a": 1})


def test_the_usage_in_a_stream_is_given_up_silently() -> None:
    refused = RefusedParameters()

    assert refused.learn(KEY, report(None, "Unrecognized request argument supplied: stream_options", None))
    assert refused.mend(KEY, Rendered("/", {"stream_options": {}})) == Rendered("/", {})


def test_several_refusals_add_up() -> None:
    refused = RefusedParameters()

    assert refused.learn(KEY, report("max_tokens"))
    assert refused.learn(KEY, report("temperature"))

    assert refused.mend(KEY, Rendered("/", {"max_tokens": 1, "temperature": 1})).body == {"max_completion_tokens": 1}


def test_nothing_is_learnt_twice_and_no_name_swapped_back() -> None:
    refused = RefusedParameters()

    assert refused.learn(KEY, report("max_tokens"))
    assert not refused.learn(KEY, report("max_tokens"))
    assert not refused.learn(KEY, report("max_completion_tokens"))


@pytest.mark.parametrize(
    "said",
    [
        report("messages"),
        report("tools"),
        report(None),
        report("max_tokens", code="integer_above_max_value"),
        report("temperature", "Invalid 'temperature': too high", "decimal_above_max_value"),
    ],
)
def test_what_cannot_be_mended_is_not_learnt(said: ErrorReport) -> None:
    assert not RefusedParameters().learn(KEY, said)


def test_a_callers_own_value_of_the_other_name_stays() -> None:
    refused = RefusedParameters()
    refused.learn(KEY, report("max_tokens"))

    mended = refused.mend(KEY, Rendered("/", {"max_tokens": 1, "max_completion_tokens": 2}))

    assert mended.body == {"max_completion_tokens": 2}


def test_only_so_many_deployments_are_remembered() -> None:
    refused = RefusedParameters()
    for number in range(CAPACITY + 1):
        assert refused.learn(number, report("max_tokens"))

    assert refused.mend(0, Rendered("/", {"max_tokens": 1})).body == {"max_tokens": 1}
    assert refused.mend(1, Rendered("/", {"max_tokens": 1})).body == {"max_completion_tokens": 1}
