"""What Bedrock's exceptions mean. AWS says it by name; its documents disagree about the status."""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType

from ownkey.adapters.classification import ErrorClassifier
from ownkey.domain.errors import UpstreamError

_STATUS_BY_CODE: Mapping[str, int] = {
    "unrecognizedclient": 401,
    "invalidsignature": 401,
    "signaturedoesnotmatch": 401,
    "expiredtoken": 401,
    "invalidclienttokenid": 401,
    "incompletesignature": 401,
    "missingauthenticationtoken": 401,
    "accessdenied": 403,
    "resourcenotfound": 404,
    "modeltimeout": 504,
    "requesttimeout": 504,
    "throttling": 429,
    "toomanyrequests": 429,
    "modelnotready": 429,
    "servicequotaexceeded": 429,
    "modelerror": 502,
    "modelstreamerror": 502,
    "internalserver": 502,
    "internalfailure": 502,
    "serviceunavailable": 503,
    "validation": 400,
}
"""Names without their `Exception`, lower case: a stream spells them differently."""
_NO_MODEL = ("model identifier is invalid", "on-demand throughput", "end of its life", "model is not supported in this")
_NO_ACCESS = ("access to the model", "not authorized to perform", "use case", "marketplace", "model access")
"""The credential is good; the account or its policy does not have this model."""
_CLOCK = ("signature expired", "signature not yet current")
_IDENTITY = re.compile(r"arn:aws[\w-]*:(?:iam|sts)::\d*:\S+")

NO_ON_DEMAND = "on-demand throughput"
"""Part of the message that asks for an inference profile in place of the model itself."""


def error_of(
    errors: ErrorClassifier,
    code: str,
    message: str,
    *,
    status: int | None = None,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> UpstreamError:
    """Return the error that an exception of Bedrock's means.

    Args:
        errors: makes errors of this provider.
        code: the exception's name, as it comes: `ThrottlingException`, `throttlingException`, or with a URL behind it.
        message: its text.
        status: the answer's status; None inside a stream.
        headers: the answer's, lower case.
    """
    name = code.partition(":")[0].rpartition("#")[2].lower().removesuffix("exception")
    said = message.lower()
    meaning = _STATUS_BY_CODE.get(name) or _by_words(said, status) or 502
    if meaning == 401 and any(words in said for words in _CLOCK):
        meaning = 502  # the gateway's clock, not the caller's key
    if (meaning == 400 and any(words in said for words in _NO_MODEL)) or (
        meaning == 403 and any(words in said for words in _NO_ACCESS)
    ):
        meaning = 404
    report = {"error": {"message": _IDENTITY.sub("[identity]", message), "code": code[:100]}}
    return errors.of_response(meaning, headers, json.dumps(report).encode())


def _by_words(said: str, status: int | None) -> int | None:
    """Return the status for an answer that does not name its exception."""
    if status == 403 and ("security token" in said or "signature we calculated" in said):
        return 401
    return status
