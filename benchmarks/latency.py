"""What a warm chat costs beside calling the provider directly, and which AWS calls it makes: one run, on loopback.

A provider and an AWS that answer at once stand behind the real chat function, which runs under its own runtime loop
and is called through a Runtime API endpoint, as Lambda calls it.
"""

import asyncio
import contextlib
import json
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.runtime_api import RuntimeApi
from ownkey.auth.gateway_keys import mint
from ownkey.config import AwsCredentials
from ownkey.domain.dates import iso_utc, utc_now
from ownkey.domain.provider_keys import Credential, KeyStatus, ProviderKey
from ownkey.domain.secrets import Secret
from ownkey.storage.accounts import AccountRepository
from ownkey.storage.aws.client import JsonClient
from ownkey.storage.aws.errors import AwsCallError
from ownkey.storage.aws.services import DYNAMODB, DynamoDB
from ownkey.storage.provider_keys import ProviderKeyRepository

ROOT = Path(__file__).resolve().parents[1]
REST_SECONDS = 0.005
"""Between requests at C=1: on a busy connection, Nagle and delayed acknowledgements measure each other."""

SETTLED_SECONDS = 0.5
"""What a request writes after its last byte has been written by then."""

Request = Callable[[], Awaitable[float]]
"""Makes one request; returns the seconds to its first body byte."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds."""

    p50: float
    p95: float
    first_byte_p50: float


class _Keys:
    """Fixed credentials for seeding the stub."""

    def current(self) -> AwsCredentials:
        return AwsCredentials(access_key_id="bench", secret_access_key=Secret("bench"))


@contextlib.asynccontextmanager
async def server(kind: str) -> AsyncIterator[int]:
    """Run one of `benchmarks.servers`; yields its port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.servers", kind, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def chat_worker(aws_port: int, provider_port: int) -> AsyncIterator[RuntimeApi]:
    """Run the chat function as Lambda would, in a process of its own."""
    api = RuntimeApi()
    await api.start()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "layers" / "gateway"),
        "LAMBDA_TASK_ROOT": str(ROOT / "functions" / "chat"),
        "_HANDLER": "app.lambda_handler",
        "AWS_LAMBDA_RUNTIME_API": api.address,
        "AWS_LAMBDA_FUNCTION_NAME": "ChatFunction",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{aws_port}",
        "OWNKEY_ACCOUNTS_TABLE": "accounts",
        "OWNKEY_PROVIDER_KEYS_TABLE": "provider-keys",
        "OWNKEY_USAGE_TABLE": "usage",
        "OWNKEY_PROVIDER_KEYS_KMS_KEY": "key",
        "OWNKEY_UPSTREAMS": json.dumps({"openai": f"http://127.0.0.1:{provider_port}/v1"}),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "ownkey.runtime", env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        await api.wait_until_ready()
        yield api
    finally:
        process.kill()
        await process.wait()
        await api.close()


def store(aws_port: int) -> DynamoDB:
    """Return the light client on the stub."""
    endpoint = f"http://127.0.0.1:{aws_port}"
    return DynamoDB(JsonClient(DYNAMODB, region="us-east-1", credentials=_Keys(), endpoint_url=endpoint))


def seed(dynamodb: DynamoDB) -> str:
    """Store a user's gateway key and OpenAI key; return the gateway key."""
    key, shown = mint(user_id="u1", name="bench", now=utc_now())
    AccountRepository(dynamodb, "accounts", (AwsCallError,)).add_gateway_key(key)
    stamp = iso_utc(utc_now())
    provider_key = ProviderKey(
        owner="user#u1",
        provider="openai",
        key_id="k1",
        key_suffix="6789",
        status=KeyStatus.ACTIVE,
        created_at=stamp,
        updated_at=stamp,
        last_used_at=stamp,
        ciphertext=Credential({"apiKey": Secret("sk-benchmark-0123456789")}).to_sealable().encode(),
    )
    ProviderKeyRepository(dynamodb, "provider-keys", (AwsCallError,)).save(provider_key)
    return shown.reveal()


def body(*, stream: bool) -> dict[str, Any]:
    """Return a small chat request."""
    return {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Say hello."}], "stream": stream}


def through_gateway(api: RuntimeApi, gateway_key: str, *, stream: bool) -> Request:
    """Return a request through the chat function."""
    headers = {"authorization": f"Bearer {gateway_key}", "x-use-byok": "true", "x-byok-provider": "openai"}
    event = json.dumps({"headers": headers, "body": json.dumps(body(stream=stream)), "requestContext": {}}).encode()
    count = 0

    async def request() -> float:
        nonlocal count
        count += 1
        began = time.perf_counter()
        answer = await api.invoke(
            event, request_id=str(count), deadline_epoch_ms=int(time.time() * 1000) + 60_000, function_arn="arn"
        )
        first = 0.0
        async for _ in answer.pieces():
            first = first or time.perf_counter() - began
        if answer.status != 200 or answer.error:
            raise RuntimeError(f"the chat function answered {answer.status}: {answer.error}")
        return first

    return request


async def direct(port: int, *, stream: bool) -> Request:
    """Return a request to the provider itself, over one kept connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    content = json.dumps(body(stream=stream)).encode()
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(content)

    async def request() -> float:
        began = time.perf_counter()
        writer.write(head + content)
        answered = await reader.readuntil(b"\r\n\r\n")
        length = next((line for line in answered.split(b"\r\n") if line.startswith(b"Content-Length:")), None)
        if length:
            await reader.readexactly(int(length.split(b":")[1]))
            return time.perf_counter() - began
        first = 0.0
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
            first = first or time.perf_counter() - began
        await reader.readline()
        return first

    return request


async def measure(requests: list[Request], each: int, rest_seconds: float = 0.0) -> Figures:
    """Run every request `each` times, all of them side by side."""
    whole: list[float] = []
    first: list[float] = []

    async def repeat(request: Request) -> None:
        for _ in range(each):
            began = time.perf_counter()
            first.append(await request())
            whole.append(time.perf_counter() - began)
            if rest_seconds:
                await asyncio.sleep(rest_seconds)

    await asyncio.gather(*(repeat(request) for request in requests))
    return Figures(
        p50=1000 * statistics.median(whole),
        p95=1000 * statistics.quantiles(whole, n=20)[-1],
        first_byte_p50=1000 * statistics.median(first),
    )


def aws_calls(aws_port: int) -> dict[str, int]:
    """Return the AWS calls since the last look."""
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", aws_port)
    connection.request("GET", "/counts")
    counts: dict[str, int] = json.loads(connection.getresponse().read())
    connection.close()
    return counts


def read_ms(dynamodb: DynamoDB, times: int = 300) -> float:
    """Return the median milliseconds of one read from the stub by the light client."""
    spent = []
    for _ in range(times):
        began = time.perf_counter()
        dynamodb.get_item(TableName="accounts", Key={"pk": {"S": "x"}, "sk": {"S": "x"}})
        spent.append(time.perf_counter() - began)
        time.sleep(REST_SECONDS)
    return 1000 * statistics.median(spent)


async def run(concurrency: tuple[int, ...] = (1, 16), total: int = 480) -> dict[str, Any]:
    """Return all figures."""
    report: dict[str, Any] = {}
    async with contextlib.AsyncExitStack() as stack:
        provider_port = await stack.enter_async_context(server("provider"))
        aws_port = await stack.enter_async_context(server("aws"))
        dynamodb = store(aws_port)
        gateway_key = seed(dynamodb)
        report["read_ms"] = read_ms(dynamodb)
        workers = [
            await stack.enter_async_context(chat_worker(aws_port, provider_port)) for _ in range(max(concurrency))
        ]
        for stream in (False, True):
            gateway = [through_gateway(api, gateway_key, stream=stream) for api in workers]
            report["cold_first_request_ms"] = report.get("cold_first_request_ms") or [
                round(1000 * await request(), 1) for request in gateway
            ]
            await measure(gateway, 5)
            await asyncio.sleep(SETTLED_SECONDS)
            aws_calls(aws_port)
            await gateway[0]()
            await asyncio.sleep(SETTLED_SECONDS)
            report[f"aws_calls_{'stream' if stream else 'whole'}"] = aws_calls(aws_port)
            for count in concurrency:
                rest = REST_SECONDS if count == 1 else 0.0
                straight = [await direct(provider_port, stream=stream) for _ in range(count)]
                each = total // count
                report[f"{'stream' if stream else 'whole'} C={count}"] = (
                    await measure(straight, each, rest),
                    await measure(gateway[:count], each, rest),
                )
    return report


def main() -> None:
    """Print the figures."""
    report = asyncio.run(run())
    read = report["read_ms"]
    print(f"one read from the store: {read:.2f} ms; two come before the provider is called")
    first = statistics.median(report["cold_first_request_ms"])
    print(f"first request of a fresh process (imports the HTTP client): {first:.0f} ms")
    print(f"AWS calls of a warm request: {report['aws_calls_whole']}, streamed {report['aws_calls_stream']}")
    for name, figures in report.items():
        if " C=" not in name:
            continue
        straight, ours = figures
        added, first_byte = ours.p50 - straight.p50, ours.first_byte_p50 - straight.first_byte_p50
        print(
            f"{name:12} direct p50 {straight.p50:6.2f} ms  gateway p50 {ours.p50:6.2f} p95 {ours.p95:6.2f}"
            f"  added {added:6.2f} (beside the reads {added - 2 * read:6.2f})  first byte +{first_byte:.2f}"
            f"  ratio {ours.p50 / straight.p50:.1f}"
        )


if __name__ == "__main__":
    main()
