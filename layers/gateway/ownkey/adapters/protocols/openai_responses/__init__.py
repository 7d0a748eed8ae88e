"""OpenAI's Responses, as OpenAI and Azure speak it, used without any state at the provider.

`render_request` makes input items from the caller's chat messages, and asks for encrypted reasoning instead of having
answers stored; `parse_completion` and `StreamParser` make chat completions of output items. The policy on parameters is
the one of `openai_chat` and the provider's row; only what has passed it is translated here.
"""

from ownkey.adapters.protocols.openai_responses.answer import parse_completion
from ownkey.adapters.protocols.openai_responses.request import render_request
from ownkey.adapters.protocols.openai_responses.stream import StreamParser

__all__ = ["StreamParser", "parse_completion", "render_request"]
