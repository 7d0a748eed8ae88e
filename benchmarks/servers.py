"""Two loopback servers that cost as little as possible, so that what is measured is the gateway: a provider and AWS.

`python -m benchmarks.servers provider|aws` prints its port and serves until it is killed.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

Head = dict[bytes, bytes]
Answer = list[bytes]
"""Pieces, each written to the socket on its own."""

COMPLETION = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4.1",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello there."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
    }
).encode()


def _chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    payload = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "gpt-4.1",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return b"data: " + json.dumps(payload).encode() + b"\n\n"


USAGE = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "gpt-4.1",
    "choices": [],
    "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
}
STREAM = [
    _chunk({"role": "assistant", "content": ""}),
    *(_chunk({"content": word}) for word in ("Hello", " there", ".")),
    _chunk({}, "stop"),
    b"data: " + json.dumps(USAGE).encode() + b"\n\n",
    b"data: [DONE]\n\n",
]


def _whole(body: bytes, content_type: bytes = b"application/json") -> Answer:
    return [b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s" % (content_type, len(body), body)]


def provider(_head: Head, body: bytes) -> Answer:
    """Answer a chat completion, streamed when the body asks for it."""
    if not json.loads(body or b"{}").get("stream"):
        return _whole(COMPLETION)
    start = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in STREAM]
    return [start + chunks[0], *chunks[1:], b"0\r\n\r\n"]


class StubAws:
    """DynamoDB and KMS reduced to dictionary look-ups. It counts the calls it gets; `GET /counts` takes the counts."""

    def __init__(self) -> None:
        self._items: dict[tuple[str, str, str], dict[str, Any]] = {}
        self._counts: Counter[str] = Counter()

    def __call__(self, head: Head, body: bytes) -> Answer:
        """Answer one AWS JSON call."""
        target = head.get(b"x-amz-target", b"").decode()
        if not target:
            counts, self._counts = self._counts, Counter()
            return _whole(json.dumps(counts).encode())
        operation = target.split(".")[1]
        self._counts[operation] += 1
        request = json.loads(body)
        method: Callable[[dict[str, Any]], dict[str, Any]] = getattr(self, f"_{operation.lower()}")
        return _whole(json.dumps(method(request)).encode(), b"application/x-amz-json-1.0")

    def _putitem(self, request: dict[str, Any]) -> dict[str, Any]:
        item = request["Item"]
        self._items[request["TableName"], item["pk"]["S"], item["sk"]["S"]] = item
        return {}

    def _transactwriteitems(self, request: dict[str, Any]) -> dict[str, Any]:
        for action in request["TransactItems"]:
            if put := action.get("Put"):  # what is changed is not looked at here
                self._putitem(put)
        return {}

    def _getitem(self, request: dict[str, Any]) -> dict[str, Any]:
        key = request["Key"]
        item = self._items.get((request["TableName"], key["pk"]["S"], key["sk"]["S"]))
        return {"Item": item} if item else {}

    def _query(self, request: dict[str, Any]) -> dict[str, Any]:
        values = request["ExpressionAttributeValues"]
        pk, prefix = values[":pk"]["S"], values[":prefix"]["S"]
        found = [
            item
            for (table, item_pk, sk), item in self._items.items()
            if (table, item_pk) == (request["TableName"], pk) and sk.startswith(prefix)
        ]
        return {"Items": found, "Count": len(found)}

    def _updateitem(self, _request: dict[str, Any]) -> dict[str, Any]:
        return {}

    def _decrypt(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the ciphertext as the plaintext: the benchmark stores its keys unsealed."""
        return {"Plaintext": request["CiphertextBlob"], "KeyId": request.get("KeyId", "")}


async def serve(answer: Callable[[Head, bytes], Answer]) -> None:
    """Serve HTTP/1.1 with keep-alive on a free loopback port, whose number is printed first."""

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                text = await reader.readuntil(b"\r\n\r\n")
                pairs = (line.split(b":", 1) for line in text.split(b"\r\n")[1:] if b":" in line)
                head = {name.lower(): value.strip() for name, value in pairs}
                body = await reader.readexactly(int(head.get(b"content-length", b"0")))
                for piece in answer(head, body):
                    writer.write(piece)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Serve as the provider or as AWS."""
    kinds: dict[str, Callable[[Head, bytes], Answer]] = {"provider": provider, "aws": StubAws()}
    asyncio.run(serve(kinds[sys.argv[1]]))


if __name__ == "__main__":
    main()
