"""Handlers whose answer is whole when they return."""

import base64
import os

TEXT = "grüß dich, 世界 🗝"


def ok(event, context):
    return {"statusCode": 200, "headers": {"content-type": "text/plain", "x-empty": ""}, "body": "fine"}


def no_body(event, context):
    return {"statusCode": 204}


def unicode(event, context):
    return {"statusCode": 200, "headers": {"content-type": "text/plain; charset=utf-8"}, "body": TEXT + event["text"]}


def binary(event, context):
    return {"statusCode": 200, "body": base64.b64encode(bytes(range(256))).decode(), "isBase64Encoded": True}


def many_headers(event, context):
    return {
        "statusCode": "418",
        "headers": {"x-number": 5, "x-true": True},
        "multiValueHeaders": {"set-cookie": ["a=1", "b=2"]},
        "body": "short",
    }


def large(event, context):
    return {"statusCode": 200, "body": "0123456789" * 200_000}


def echo(event, context):
    return event


def nothing(event, context):
    return None


def raw(event, context):
    return b"\x00raw\xff"


def trace(event, context):
    return os.environ.get("_X_AMZN_TRACE_ID")


def describe(event, context):
    """Return everything that a handler can see of its context."""
    identity, client = context.identity, context.client_context
    return {
        "aws_request_id": context.aws_request_id,
        "function_name": context.function_name,
        "function_version": context.function_version,
        "invoked_function_arn": context.invoked_function_arn,
        "memory_limit_in_mb": context.memory_limit_in_mb,
        "log_group_name": context.log_group_name,
        "log_stream_name": context.log_stream_name,
        "tenant_id": context.tenant_id,
        "identity": [identity.cognito_identity_id, identity.cognito_identity_pool_id],
        "client": client and [client.custom, client.env, client.client and client.client.app_title],
        "w3c": context.w3c(),
        "remaining": 0 < context.get_remaining_time_in_millis() <= event["at_most_ms"],
        "remaining_is_int": type(context.get_remaining_time_in_millis()) is int,
    }
