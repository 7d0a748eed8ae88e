"""Anthropic's Messages, as Anthropic itself and Microsoft Foundry speak them.

`render_request` makes the body from the caller's; `parse_completion` and `StreamParser` make OpenAI's answers of
Anthropic's. What a model takes is a row in `protocols/claude_models.py`; what a host does its own way is a field of its
row. Nothing is remembered between a request and its answer.
"""

from ownkey.adapters.protocols.anthropic_messages.answer import parse_completion
from ownkey.adapters.protocols.anthropic_messages.request import render_request
from ownkey.adapters.protocols.anthropic_messages.stream import StreamParser

__all__ = ["StreamParser", "parse_completion", "render_request"]
