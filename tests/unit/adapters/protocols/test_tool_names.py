import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ownkey.adapters.protocols.tool_names import decode_tool_name, encode_tool_name
from ownkey.domain.errors import UnsupportedParameterError

NAMES = st.text(min_size=1, max_size=12) | st.text(alphabet="_x2E5Fa.:", min_size=1, max_size=20)


@given(NAMES)
@example("_x0:")
def test_a_name_comes_back_as_it_was(name: str) -> None:
    encoded = encode_tool_name(name, limit=1000, param="tools")
    assert re.fullmatch("[A-Za-z0-9_-]+", encoded)
    assert decode_tool_name(encoded) == name


@pytest.mark.parametrize("name", ["get_weather", "get-weather", "_x", "max_x_size", "a__b", "to_x1"])
def test_usual_names_stay_as_they_are(name: str) -> None:
    assert encode_tool_name(name, limit=64, param="tools") == name


def test_a_name_that_does_not_fit_is_refused() -> None:
    with pytest.raises(UnsupportedParameterError) as raised:
        encode_tool_name("a" * 65, limit=64, param="tools[0].function.name")
    assert raised.value.param == "tools[0].function.name"


def test_a_provider_may_take_other_characters() -> None:
    taken = re.compile("[a-z.]")

    encoded = encode_tool_name("a.b-c", limit=64, param="tools", taken=taken)

    assert (encoded, decode_tool_name(encoded)) == ("a.b_x2D_c", "a.b-c")
