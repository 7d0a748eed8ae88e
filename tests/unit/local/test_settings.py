from pathlib import Path

import pytest

from local.settings import LocalSettings, StartupError
from local.template import REPOSITORY


def test_the_defaults_serve_on_8787_and_keep_state_in_the_repository():
    settings = LocalSettings.from_environment({})

    assert (settings.port, settings.state_folder, settings.upstreams) == (8787, REPOSITORY / ".local", "")


def test_the_environment_chooses():
    upstreams = '{"openai": "http://127.0.0.1:9000/v1"}'
    settings = LocalSettings.from_environment(
        {"PORT": "0", "OWNKEY_STATE_DIR": "/somewhere", "OWNKEY_UPSTREAMS": upstreams, "OWNKEY_EMULATOR_PORT": "4566"}
    )

    assert settings == LocalSettings(port=0, state_folder=Path("/somewhere"), upstreams=upstreams, emulator_port=4566)


@pytest.mark.parametrize("port", ["x", "-1", "65536", "80 ", "٣", "1e3"])
@pytest.mark.parametrize("name", ["PORT", "OWNKEY_EMULATOR_PORT"])
def test_what_is_no_port_is_refused_by_name(name, port):
    with pytest.raises(StartupError, match=f"{name}=.* is not a port") as refused:
        LocalSettings.from_environment({name: port})
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("upstreams", ["nonsense", "[]", '{"openai": "https://api.openai.com"}', '{"openai": 5}'])
def test_upstreams_that_are_not_loopback_urls_are_refused(upstreams):
    with pytest.raises(StartupError, match="OWNKEY_UPSTREAMS"):
        LocalSettings.from_environment({"OWNKEY_UPSTREAMS": upstreams})
