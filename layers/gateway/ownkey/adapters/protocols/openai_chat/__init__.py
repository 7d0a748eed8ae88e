"""OpenAI's chat completions, as OpenAI and the hosts that took the format over speak it.

`render_request` makes the body from the caller's; `parse_completion` and `StreamParser` make answers uniform. What
a host does its own way is a field of its row; what hosts merely get wrong on the wire is put right here for all.
"""

from ownkey.adapters.protocols.decoding import decode_stream
from ownkey.adapters.protocols.openai_chat.answer import as_stream_payload, parse_completion
from ownkey.adapters.protocols.openai_chat.refusals import RefusedParameters
from ownkey.adapters.protocols.openai_chat.request import render_request
from ownkey.adapters.protocols.openai_chat.stream import StreamParser
from ownkey.adapters.protocols.wire import Rendered

__all__ = [
    "RefusedParameters",
    "Rendered",
    "StreamParser",
    "as_stream_payload",
    "decode_stream",
    "parse_completion",
    "render_request",
]
