"""The kept connection checks who is on the other side."""

import ssl
from http.client import HTTPSConnection

import pytest

from ownkey.storage.aws.connection import CONNECT_TIMEOUT_SECONDS, KeptConnection, NoAnswerError, _tls_context


def test_an_https_connection_checks_certificate_and_host_name(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[HTTPSConnection] = []

    def no_network(connection: HTTPSConnection) -> None:
        opened.append(connection)
        raise ConnectionRefusedError

    monkeypatch.setattr(HTTPSConnection, "connect", no_network)
    contexts: list[ssl.SSLContext] = []
    make = ssl.create_default_context

    def remembered() -> ssl.SSLContext:
        contexts.append(make())
        return contexts[-1]

    monkeypatch.setattr(ssl, "create_default_context", remembered)
    _tls_context.cache_clear()

    for origin in ("https://kms.eu-central-1.amazonaws.com", "https://dynamodb.eu-central-1.amazonaws.com"):
        with pytest.raises(NoAnswerError, match="ConnectionRefusedError"):
            KeptConnection(origin, lambda: 0.0).post({}, b"{}")

    assert [connection.host for connection in opened] == [
        "kms.eu-central-1.amazonaws.com",
        "dynamodb.eu-central-1.amazonaws.com",
    ]
    assert {(connection.port, connection.timeout) for connection in opened} == {(443, CONNECT_TIMEOUT_SECONDS)}
    assert all(context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname for context in contexts)
    assert len(contexts) == 1
