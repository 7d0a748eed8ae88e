"""Amazon Bedrock's Converse and ConverseStream: what one model family after another wants, behind one shape.

`render_request` makes boto3's keyword arguments, with bytes where Bedrock has blobs; `parse_completion` and
`StreamParser` read what boto3 gives back; `error_of` says what its exceptions mean. The calls are made elsewhere.
"""

from ownkey.adapters.protocols.bedrock_converse.answer import parse_completion
from ownkey.adapters.protocols.bedrock_converse.errors import NO_ON_DEMAND, error_of
from ownkey.adapters.protocols.bedrock_converse.models import Model, region_prefix
from ownkey.adapters.protocols.bedrock_converse.request import render_request
from ownkey.adapters.protocols.bedrock_converse.stream import StreamParser

__all__ = [
    "NO_ON_DEMAND",
    "Model",
    "StreamParser",
    "error_of",
    "parse_completion",
    "region_prefix",
    "render_request",
]
