import copy
import json
import logging
import pickle

import pytest

from ownkey.domain.secrets import Secret

TEXT = "sk-test-0123456789abcdef"


@pytest.mark.parametrize("show", [repr, str, lambda s: f"{s}", lambda s: f"{s:>40}", lambda s: [s].__repr__()])
def test_no_way_of_printing_shows_the_characters(show):
    assert "0123456789" not in show(Secret(TEXT))


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps])
def test_a_secret_is_not_serialised(take):
    with pytest.raises(TypeError) as error:
        take(Secret(TEXT))
    assert TEXT not in str(error.value)


def test_a_logged_secret_is_masked(caplog):
    logging.getLogger("test").warning("key %s", Secret(TEXT))
    assert TEXT not in caplog.text


@pytest.mark.parametrize(("text", "suffix"), [("", None), ("short-abcd", None), ("abcdefgh-1234", "1234")])
def test_the_suffix_needs_twelve_characters(text, suffix):
    assert Secret(text).suffix() == suffix


def test_secrets_compare_by_value():
    assert Secret(TEXT) == Secret(TEXT)
    assert Secret(TEXT) != Secret("other")
    assert hash(Secret(TEXT)) == hash(Secret(TEXT))
    assert Secret(TEXT) != TEXT
    assert not Secret("")
