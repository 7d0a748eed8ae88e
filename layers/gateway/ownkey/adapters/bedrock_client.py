"""boto3 clients for Bedrock that live for one call and send through the gateway's transport.

botocore lets a handler of its `before-send` event answer in place of its own HTTP client. The handler here passes what
was signed to the transport: the only place that opens sockets to providers, with the egress guard at every connection.
"""

import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

from ownkey import __version__
from ownkey.adapters.classification import ERROR_BODY_LIMIT
from ownkey.adapters.retries import RetryOnce
from ownkey.domain.chat import Deadline
from ownkey.domain.errors import ProviderFailureError
from ownkey.domain.provider_keys import Credential
from ownkey.domain.secrets import Secret
from ownkey.domain.upstream import Transport, UpstreamRequest, UpstreamResponse

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.compat import HTTPHeaders
    from botocore.loaders import Loader

ANSWER_LIMIT = 32 * 1024 * 1024
"""The largest whole answer that is taken."""

_OUR_OWN = frozenset({"x-amzn-trace-id"})
"""Headers that would tell about the gateway's own invocation. AWS does not sign them."""
_OF_THIS_MACHINE = ("profile", "config_file", "credentials_file", "ca_bundle")
"""Settings that botocore would take from the environment; none of them may touch a caller's request."""


class BedrockClients:
    """Makes clients. They share the description of the service, and nothing that was ever a caller's."""

    def __init__(self, provider: str, transport: Transport, sleep: Callable[[float], None] = time.sleep) -> None:
        self._provider = provider
        self._transport = transport
        self._sleep = sleep
        self._descriptions: Loader | None = None
        self._lock = threading.Lock()

    def make(self, credential: Credential, *, region: str, endpoint_url: str, deadline: Deadline) -> Any:
        """Return a `bedrock-runtime` client for one call with the given credential and deadline.

        What its operations raise is botocore's, or an UpstreamError of the transport.
        """
        import boto3
        import botocore.session
        from botocore.config import Config

        core = botocore.session.Session(dict.fromkeys(_OF_THIS_MACHINE, (None, None, None, None)))
        core.register_component("data_loader", self._loader())
        token = credential.secrets.get("sessionToken")
        client = boto3.Session(botocore_session=core).client(
            "bedrock-runtime",
            region_name=region,
            endpoint_url=endpoint_url,  # also keeps an endpoint of the environment's out
            aws_access_key_id=credential.secrets["accessKeyId"].reveal(),
            aws_secret_access_key=credential.secrets["secretAccessKey"].reveal(),
            aws_session_token=token.reveal() if token else None,
            config=Config(
                signature_version="v4",  # also keeps a bearer token of the environment's out
                retries={"total_max_attempts": 1, "mode": "standard"},
                proxies={},
                use_fips_endpoint=False,
                use_dualstack_endpoint=False,
                user_agent=f"ownkey/{__version__}",
            ),
        )
        secrets = tuple(credential.secrets.values())
        # botocore's own retries are off: this one knows what may have been billed.
        send = _Sender(self._provider, RetryOnce(self._transport, self._sleep), secrets, deadline)
        client.meta.events.register("before-send.bedrock-runtime.*", send)
        return client

    def _loader(self) -> "Loader":
        """Return the reader of botocore's service descriptions, which remembers what it has read."""
        with self._lock:
            if self._descriptions is None:
                from botocore.loaders import Loader

                self._descriptions = Loader()
            return self._descriptions


class _Sender:
    """Sends what one client has signed."""

    def __init__(self, provider: str, transport: Transport, secrets: tuple[Secret, ...], deadline: Deadline) -> None:
        self._provider = provider
        self._transport = transport
        self._secrets = secrets
        self._deadline = deadline

    def __call__(self, request: "AWSPreparedRequest", **_: Any) -> "AWSResponse":
        from botocore.awsrequest import AWSResponse

        headers = {name: _text(value) for name, value in request.headers.items() if name.lower() not in _OUR_OWN}
        body = request.body
        response = self._transport.send(
            UpstreamRequest(
                provider=self._provider,
                method=request.method,
                url=request.url,
                headers={name: Secret(value) for name, value in headers.items()},
                body=body if isinstance(body, bytes) else None,
                secrets=self._secrets,
            ),
            self._deadline,
        )
        given = cast("HTTPHeaders", dict(response.headers))  # any mapping will do
        return AWSResponse(request.url, response.status, given, _Body(self._provider, response))


class _Body:
    """An answer's body as botocore reads one."""

    def __init__(self, provider: str, response: UpstreamResponse) -> None:
        self._provider = provider
        self._response = response

    def stream(self) -> Iterator[bytes]:
        """Yield the body as it arrives: an error up to a limit, and hanging up at the end."""
        failed = self._response.status >= 300
        left = ERROR_BODY_LIMIT if failed else ANSWER_LIMIT
        try:
            for piece in self._response.iter_bytes():
                left -= len(piece)
                if left < 0 and failed:
                    return
                if left < 0:
                    raise ProviderFailureError(
                        "The provider sent an answer that is too large. Ask for less.", provider=self._provider
                    )
                yield piece
        finally:
            self.close()

    def close(self) -> None:
        """Hang up."""
        self._response.close()


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
