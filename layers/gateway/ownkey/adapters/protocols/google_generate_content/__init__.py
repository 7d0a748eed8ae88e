"""Gemini's generateContent and streamGenerateContent, the native format of Google AI Studio.

`render_request` makes contents, tools and generation settings of a chat completion; `parse_completion` and
`StreamParser` make chunks and completions of candidates, whose parts are read in one place. What differs from model to
model (thinking, ids of calls, system instructions) is known by the model's family.
"""

from ownkey.adapters.protocols.google_generate_content.answer import parse_completion
from ownkey.adapters.protocols.google_generate_content.request import render_request
from ownkey.adapters.protocols.google_generate_content.stream import StreamParser

__all__ = ["StreamParser", "parse_completion", "render_request"]
