"""What nobody documents: answers and requests whose fields have other types than they should.

Whatever comes, a provider's answer is understood or is the provider's failure, and a request is rendered or refused. An
exception of any other kind would be told to the caller as our own fault.
"""

import copy
import json
import random
from typing import Any

import pytest

from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.protocols.decoding import decode_stream
from ownkey.adapters.protocols.wire import wire_protocol
from ownkey.adapters.registry import REGISTRY
from ownkey.api.chat_request import parse_chat_request
from ownkey.domain.errors import GatewayError
from tests.support.adapter_recordings import FOLDER

STRANGE: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    10**400,
    "",
    "x",
    "\ud800",
    [],
    {},
    [None],
    [{}],
    {"a": 1},
    {"type": "text", "text": 5},
)
SLUGS = [slug for slug, spec in REGISTRY.items() if spec.kind == "chat"]
RECORDINGS = sorted(path for slug in SLUGS for path in (FOLDER / slug).glob("*.json"))
FIELDS = (
    "tools tool_choice response_format stop reasoning_effort reasoning seed metadata parallel_tool_calls n max_tokens "
    "functions function_call service_tier modalities extra_body thinking logprobs prediction audio"
)
SETTINGS = {
    "endpoint": "https://a.openai.azure.com",
    "deploymentName": "d",
    "apiVersion": "preview",
    "region": "us-east-1",
}
MODELS = ("gpt-4.1", "gpt-5", "claude-sonnet-4-5", "claude-opus-4-8", "gemini-2.5-flash", "gemini-3-pro", "glm-4.6")


def bent(value, chance):
    """Return `value` with one field, somewhere inside, gone or of another type."""
    value = copy.deepcopy(value)
    parent: Any = None
    place: Any = None
    inner = value
    while isinstance(inner, dict | list) and inner and (parent is None or chance.random() < 0.75):
        parent = inner
        place = chance.choice(list(inner)) if isinstance(inner, dict) else chance.randrange(len(inner))
        inner = parent[place]
    if parent is not None:
        parent[place] = copy.deepcopy(chance.choice(STRANGE))
    return value


def bent_stream(text, chance):
    lines = text.split("\n")
    for number in [
        number for number, line in enumerate(lines) if line.startswith("data: {") and chance.random() < 0.15
    ]:
        lines[number] = "data: " + json.dumps(bent(json.loads(lines[number][6:]), chance))
    return "\n".join(lines).encode()


@pytest.mark.skipif(not RECORDINGS, reason="no recorded traffic beside the checkout")
def test_an_answer_of_a_strange_shape_is_the_providers_failure():
    chance = random.Random(20261123)
    for path in RECORDINGS:
        recording = json.loads(path.read_text())
        spec, response = REGISTRY[recording["provider"]], recording["response"]
        protocol, errors = wire_protocol(spec.protocol), ErrorClassifier(spec=spec)
        for _ in range(3):
            try:
                if "event-stream" in response["headers"].get("content-type", ""):
                    parser = protocol.StreamParser(spec, errors=errors)
                    json.dumps(list(decode_stream((bent_stream(response["body"], chance),), parser, errors)))
                elif response["body"].lstrip().startswith("{"):
                    body = json.dumps(bent(json.loads(response["body"]), chance)).encode()
                    json.dumps(protocol.parse_completion(spec, body, errors=errors).body)
                    errors.of_response(400, {}, body)
            except GatewayError:
                pass
            except Exception as error:
                raise AssertionError(f"{recording['id']}: {type(error).__name__}") from error


def strange_message(chance):
    parts = chance.choice([chance.choice(STRANGE), [chance.choice(STRANGE) for _ in range(2)], "hello"])
    message: dict[str, Any] = {
        "role": chance.choice(["user", "assistant", "system", "tool", "function", "else"]),
        "content": parts,
    }
    for name in ("tool_calls", "tool_call_id", "name", "reasoning_content", "reasoning_details", "function_call"):
        if chance.random() < 0.3:
            message[name] = chance.choice([chance.choice(STRANGE), [chance.choice(STRANGE)]])
    return message


def test_a_request_of_a_strange_shape_is_rendered_or_refused():
    chance = random.Random(20261123)
    for _ in range(3000):
        body: dict[str, Any] = {"model": chance.choice(MODELS), "messages": [strange_message(chance) for _ in range(3)]}
        body |= {name: chance.choice(STRANGE) for name in FIELDS.split() if chance.random() < 0.06}
        try:
            request = parse_chat_request(copy.deepcopy(body), {})
        except GatewayError:
            continue
        for slug in SLUGS:
            spec = REGISTRY[slug]
            try:
                wire_protocol(spec.protocol).render_request(
                    spec, request, upstream_model=body["model"], credential_settings=SETTINGS
                )
            except GatewayError:
                pass
            except Exception as error:
                raise AssertionError(f"{slug}: {type(error).__name__} for {body!r}") from error
