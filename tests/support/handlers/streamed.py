"""Handlers that return a body in pieces where the runtime can take them, and join it where it cannot."""

import time
from pathlib import Path


def answer(context, body, **fields):
    response = {"statusCode": 200, "headers": {"content-type": "text/event-stream"}, **fields, "body": body}
    if not getattr(context, "streams_responses", False):
        response["body"] = b"".join(piece.encode() if isinstance(piece, str) else piece for piece in body).decode()
    return response


def pieces(event, context):
    return answer(context, (f"data: {number}\n\n".encode() for number in range(event["count"])))


def odd_pieces(event, context):
    return answer(context, [b"", "text", b"", b"\x00" * 8, bytearray(b"array"), b"x" * 200_000])


def nothing(event, context):
    return answer(context, iter(()))


def fails_midway(event, context):
    def body():
        yield b"first"
        raise RuntimeError(f"the middle with api_key={event['secret']}")

    return answer(context, body())


def fails_at_once(event, context):
    def piece(number):
        raise RuntimeError(f"before anything: {number}")

    return answer(context, (piece(number) for number in range(3)))


def not_bytes(event, context):
    return answer(context, iter([b"first", 5]))


def gated(event, context):
    """Each piece but the first waits for a file of its number."""

    def body():
        for number in range(event["count"]):
            while number and not Path(event["folder"], str(number)).exists():
                time.sleep(0.002)
            yield str(number).encode()

    return answer(context, body())


def endless(event, context):
    """Goes on until it is closed, and leaves a file then."""

    def body():
        try:
            while True:
                yield b"more"
                time.sleep(0.002)
        finally:
            Path(event["folder"], "closed").write_text("closed")

    return answer(context, body())


class Metered:
    """A body that is an object: it learns by `close` that everything has been sent."""

    def __init__(self, folder):
        self._left = [b"a", b"b"]
        self._folder = Path(folder)

    def __iter__(self):
        return self

    def __next__(self):
        if not self._left:
            raise StopIteration
        return self._left.pop(0)

    def close(self):
        while not (self._folder / "received").exists():
            time.sleep(0.002)
        (self._folder / "metered").write_text("metered")


def metered(event, context):
    return answer(context, Metered(event["folder"]))


def malformed_with_body(event, context):
    class Body(Metered):
        def close(self):
            (self._folder / "closed").write_text("closed")

    return answer(context, Body(event["folder"]), statusCode="fine")
