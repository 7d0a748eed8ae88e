"""Handlers that fail."""

import sys


class UpstreamBrokeError(Exception):
    pass


def raises(event, context):
    return _deeper(event)


def _deeper(event):
    raise UpstreamBrokeError(f"it broke: {event['why']}")


def chained(event, context):
    try:
        _deeper(event)
    except UpstreamBrokeError as exc:
        raise ValueError("the outer one") from exc


def silent(event, context):
    raise KeyError


def unserialisable(event, context):
    return {"when": object()}


def leaks(event, context):
    raise ValueError(f"upstream said: Incorrect API key provided: {event['secret']}")


def exits(event, context):
    sys.exit(3)
