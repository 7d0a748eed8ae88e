"""Handlers that write logs."""

import logging
import sys

logger = logging.getLogger("shop")
logging.getLogger().setLevel("INFO")
logging.basicConfig(format="never used, because the root logger has a handler by now")


def prints(event, context):
    print("one line")
    print("grüß dich")
    print("to stderr", file=sys.stderr)
    return {"statusCode": 200, "body": ""}


def logs(event, context):
    logger.info("hello %s", "there")
    logger.debug("not shown")
    logger.warning("careful", extra={"size": 3})
    return {"statusCode": 200, "body": ""}


def logs_exception(event, context):
    try:
        raise LookupError("gone")
    except LookupError:
        logger.exception("caught")
    return {"statusCode": 200, "body": ""}


def through_context(event, context):
    context.log("said by the context\n")
    return "said"
