import pytest
from hypothesis import given
from hypothesis import strategies as st

from ownkey.domain.redaction import FRAGMENT_LENGTH, redact
from ownkey.domain.secrets import Secret

KEY = "sk-proj-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789"
KEY_TEXT = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=80)


@given(
    key=KEY_TEXT,
    before=st.text(max_size=40),
    after=st.text(max_size=40),
    start=st.integers(0, 60),
    length=st.integers(8, 80),
)
def test_no_piece_of_a_known_secret_survives(key, before, after, start, length):
    piece = key[start : start + length]
    text = redact(before + piece + after, [Secret(key)])
    windows = {key[i : i + FRAGMENT_LENGTH] for i in range(len(key) - FRAGMENT_LENGTH + 1)}
    assert not any(window in text for window in windows)


@pytest.mark.parametrize(
    "text",
    [
        f"Incorrect API key provided: {KEY}.",
        "Incorrect API key provided: sk-proj-********************6789. Find it at",
        "Authorization: Bearer abcdefgh12345678",
        'echo {"x-api-key": "c0ffee00c0ffee00c0ffee00"}',
        "key AIzaSyA1234567890abcdefghijklmnopqrstuv is wrong",
        "AKIAIOSFODNN7EXAMPLE is not authorised",
        "gsk_abcdefghijklmnopqrstuvwxyz0123456789ABCD",
        "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc-def_ghi",
        "secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
        "0123456789abcdef0123456789abcdef.AbCdEfGhIjKlMnOp",
    ],
)
def test_credential_shapes_are_masked_without_knowing_them(text):
    cleaned = redact(text)
    assert "[redacted]" in cleaned
    for piece in text.replace('"', " ").split():
        if len(piece) > 18 and "Incorrect" not in piece:
            assert piece.rstrip(".") not in cleaned


@pytest.mark.parametrize(
    "text",
    [
        "The model `gpt-4.1` does not exist or you do not have access to it.",
        "max_tokens is too large: 200000. This model supports at most 16384 completion tokens.",
        "Rate limit reached for gpt-4o in organization org on tokens per min (TPM): Limit 30000, Used 29000.",
        "messages[3].content: expected a string",
    ],
)
def test_plain_error_texts_stay_as_they_are(text):
    assert redact(text, [Secret(KEY)]) == text


def test_a_short_secret_is_removed_whole():
    assert redact("it was hunter2!", [Secret("hunter2")]) == "it was [redacted]!"
