import pytest

from ownkey.config import Settings, parse_fee_rate, parse_upstreams
from ownkey.domain.errors import MisconfiguredError


def test_settings_have_sensible_defaults():
    assert Settings.from_environment({}).fee_rate == "0.05"


@pytest.mark.parametrize("text", ["0", "1", "0.05", "0.123456"])
def test_a_fee_is_kept_as_it_is_written(text):
    assert Settings.from_environment({"OWNKEY_FEE_RATE": text}).fee_rate == text


@pytest.mark.parametrize("text", ["", "5%", "1.5", "-0.05", ".05", "1e-2", "0.0000001", "NaN", "0,05"])
def test_a_fee_that_is_no_fraction_is_refused(text):
    with pytest.raises(MisconfiguredError):
        parse_fee_rate(text)


def test_upstreams_are_read_beside_an_emulator():
    settings = Settings.from_environment(
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "OWNKEY_UPSTREAMS": '{"openai": "http://127.0.0.1:9000/v1/"}'}
    )
    assert settings.upstreams == {"openai": "http://127.0.0.1:9000/v1"}


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "[]",
        '{"openai": 1}',
        '{"openai": "https://api.example.com/v1"}',
        '{"openai": "http://169.254.169.254/"}',
    ],
)
def test_other_upstreams_are_refused(text):
    with pytest.raises(MisconfiguredError):
        parse_upstreams(text, emulated=True)


def test_upstreams_do_not_work_in_aws():
    with pytest.raises(MisconfiguredError):
        Settings.from_environment({"OWNKEY_UPSTREAMS": '{"openai": "http://127.0.0.1:9000/v1"}'})
