"""Functions that run requests on stored keys, with emulated tables and fake providers behind them."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from moto.server import ThreadedMotoServer

from ownkey.domain.provider_keys import Credential, KeyStatus, ProviderKey
from ownkey.domain.secrets import Secret
from ownkey.storage.accounts import AccountRepository
from ownkey.storage.provider_keys import ProviderKeyRepository
from ownkey.vault.sealing import KeySealer
from tests.support.provider_keys import EVENT_GATEWAY_KEY, forget, load_function
from tests.support.tables import BOTO_ERRORS, EmulatedAws, emulated_aws
from tests.support.upstream import FakeUpstream


@contextmanager
def running_function(folder: str, slugs: Sequence[str], keys: Sequence[tuple[str, str]]) -> Iterator[SimpleNamespace]:
    """Yield a function's `handle`, its `upstream` for providers, and the `aws` that holds `keys` (owner, provider)."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    with emulated_aws() as aws, FakeUpstream() as upstream:
        host, port = server.get_host_and_port()
        environment = {
            **aws.environment(),
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "OWNKEY_UPSTREAMS": json.dumps(upstream.base_urls(*slugs)),
        }
        AccountRepository(aws.dynamodb, "Accounts", BOTO_ERRORS).add_gateway_key(EVENT_GATEWAY_KEY)
        for owner, provider in keys:
            store_key(aws, owner, provider)
        with patch.dict("os.environ", environment):
            module = load_function(folder)
            yield SimpleNamespace(handle=module.lambda_handler, upstream=upstream, aws=aws)
    server.stop()
    forget(module)


def store_key(aws: EmulatedAws, owner: str, provider: str) -> None:
    """Seal and store a made-up key."""
    key = ProviderKey(
        owner=owner,
        provider=provider,
        key_id=f"k-{provider}",
        key_suffix="6789",
        status=KeyStatus.ACTIVE,
        created_at="2026-01-01T00:00:00Z",
        updated_at="2026-01-01T00:00:00Z",
        last_used_at=datetime.now(UTC).isoformat(),
    )
    credential = Credential({"apiKey": Secret(f"sk-{provider}-0123456789")})
    sealed = KeySealer(aws.kms, aws.kms_key_arn, BOTO_ERRORS).seal(credential, key.encryption_context)
    fields = {name: getattr(key, name) for name in ProviderKey.__slots__}
    ProviderKeyRepository(aws.dynamodb, "ProviderKeys", BOTO_ERRORS).save(
        ProviderKey(**{**fields, "ciphertext": sealed})
    )


def invocation(*, streams: bool) -> SimpleNamespace:
    """Return a Lambda context, of our runtime or of the stock one."""
    fields: dict[str, Any] = {"get_remaining_time_in_millis": lambda: 60_000}
    return SimpleNamespace(**fields, streams_responses=True) if streams else SimpleNamespace(**fields)


def body_of(response: dict[str, Any]) -> str:
    """Return the body of a proxy response, whole."""
    body = response["body"]
    return body if isinstance(body, str) else b"".join(body).decode()
