"""Providers with a wire format of their own, through the deployed template and the official OpenAI client."""

import json
from typing import Any

import openai
import pytest

from tests.support.upstream import answer, stream

pytestmark = pytest.mark.integration

HELLO: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say hello."}]
CALL: Any = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
AZURE = {"endpoint": "https://contoso.services.ai.azure.com", "apiKey": "0123456789abcdef0123456789abcdef"}
KEYS: dict[str, Any] = {
    "anthropic": "sk-ant-api03-integration-0123456789",
    "azure-anthropic-foundry": AZURE,
    "openai-responses": "sk-integration-responses-0123456789",
    "azure-responses": {**AZURE, "apiVersion": "preview"},
    "google": "AIza-integration-0123456789-0123456789a",
    "aws": {"accessKeyId": "AKIA0123456789ABCDEF", "secretAccessKey": "s" * 40, "region": "us-east-1"},
}

MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5",
    "content": [
        {"type": "text", "text": "Hello."},
        {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Oslo"}},
    ],
    "stop_reason": "tool_use",
    "usage": {"input_tokens": 9, "cache_read_input_tokens": 3, "output_tokens": 20},
}
MESSAGE_EVENTS: list[dict[str, Any]] = [
    {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello."}},
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1, "content_block": {**MESSAGE["content"][1], "input": {}}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"city": '}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '"Oslo"}'}},
    {"type": "content_block_stop", "index": 1},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 20}},
    {"type": "message_stop"},
]
RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "status": "completed",
    "model": "gpt-5",
    "output": [
        {
            "type": "message",
            "id": "m",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Hello.", "annotations": []}],
        },
        {
            "type": "function_call",
            "id": "fc_1",
            "call_id": "call_1",
            "name": "weather",
            "arguments": '{"city": "Oslo"}',
        },
    ],
    "usage": {
        "input_tokens": 12,
        "input_tokens_details": {"cached_tokens": 3},
        "output_tokens": 20,
        "total_tokens": 32,
    },
}
RESPONSE_EVENTS: list[dict[str, Any]] = [
    {"type": "response.created", "response": {**RESPONSE, "status": "in_progress", "output": []}},
    {"type": "response.output_item.added", "output_index": 0, "item": {**RESPONSE["output"][0], "content": []}},
    {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "item_id": "m", "delta": "Hello."},
    {"type": "response.output_item.done", "output_index": 0, "item": RESPONSE["output"][0]},
    {"type": "response.output_item.added", "output_index": 1, "item": {**RESPONSE["output"][1], "arguments": ""}},
    {
        "type": "response.function_call_arguments.delta",
        "output_index": 1,
        "item_id": "fc_1",
        "delta": '{"city": "Oslo"}',
    },
    {"type": "response.output_item.done", "output_index": 1, "item": RESPONSE["output"][1]},
    {"type": "response.completed", "response": RESPONSE},
]
CONTENT: dict[str, Any] = {
    "candidates": [
        {
            "index": 0,
            "content": {
                "role": "model",
                "parts": [{"text": "Hello."}, {"functionCall": {"name": "weather", "args": {"city": "Oslo"}}}],
            },
            "finishReason": "STOP",
        }
    ],
    "usageMetadata": {
        "promptTokenCount": 12,
        "cachedContentTokenCount": 3,
        "candidatesTokenCount": 20,
        "totalTokenCount": 32,
    },
    "modelVersion": "gemini-2.5-flash",
    "responseId": "r1",
}
CONVERSE: dict[str, Any] = {
    "output": {
        "message": {
            "role": "assistant",
            "content": [
                {"text": "Hello."},
                {"toolUse": {"toolUseId": "tooluse_1", "name": "weather", "input": {"city": "Oslo"}}},
            ],
        }
    },
    "stopReason": "tool_use",
    "usage": {"inputTokens": 9, "outputTokens": 20, "totalTokens": 32, "cacheReadInputTokens": 3},
    "metrics": {"latencyMs": 1},
}
WHOLE: dict[str, Any] = {
    "anthropic": MESSAGE,
    "azure-anthropic-foundry": MESSAGE,
    "openai-responses": RESPONSE,
    "azure-responses": RESPONSE,
    "google": CONTENT,
    "aws": CONVERSE,
}
EVENTS: dict[str, Any] = {
    "anthropic": MESSAGE_EVENTS,
    "azure-anthropic-foundry": MESSAGE_EVENTS,
    "openai-responses": RESPONSE_EVENTS,
    "azure-responses": RESPONSE_EVENTS,
    "google": [CONTENT],
}


def named_event(payload):
    kind = f"event: {payload['type']}\n" if "type" in payload else ""
    return f"{kind}data: {json.dumps(payload)}\n\n".encode()


@pytest.fixture
def ask(stack, upstream):
    def ask(slug, **fields):
        stack.store_provider_key(slug, KEYS[slug])
        client = openai.OpenAI(
            base_url=f"{stack.base_url}/api/v1",
            api_key=stack.gateway_key,
            default_headers={"x-use-byok": "true", "x-byok-provider": slug},
            max_retries=0,
            timeout=30,
        )
        return client.chat.completions.create(model="some-model", messages=HELLO, tools=[CALL], **fields)

    return ask


@pytest.mark.parametrize("slug", WHOLE)
def test_a_whole_answer_with_text_and_a_tool_call(slug, ask, upstream):
    upstream.on(slug, answer(WHOLE[slug]))
    completion = ask(slug)
    (choice,) = completion.choices
    assert choice.message.content == "Hello."
    (call,) = choice.message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("weather", {"city": "Oslo"})
    assert choice.finish_reason == "tool_calls"
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (12, 20)
    assert completion.usage.prompt_tokens_details.cached_tokens == 3
    sent = upstream.exchanges_of(slug)[-1]
    assert "Say hello." in sent.body.decode()
    assert "messages" in sent.json or "input" in sent.json or "contents" in sent.json


@pytest.mark.parametrize("slug", EVENTS)
def test_a_stream_with_text_and_a_tool_call(slug, ask, upstream):
    upstream.on(slug, stream([named_event(payload) for payload in EVENTS[slug]]))
    chunks = list(ask(slug, stream=True, stream_options={"include_usage": True}))
    choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
    assert "".join(choice.delta.content or "" for choice in choices) == "Hello."
    arguments = "".join(call.function.arguments or "" for choice in choices for call in choice.delta.tool_calls or ())
    assert json.loads(arguments) == {"city": "Oslo"}
    assert [choice.finish_reason for choice in choices if choice.finish_reason] == ["tool_calls"]
    assert chunks[-1].usage.total_tokens == 32


def test_foundry_is_shown_the_key_in_both_headers(ask, upstream):
    upstream.on("azure-anthropic-foundry", answer(MESSAGE))
    ask("azure-anthropic-foundry")
    sent = upstream.exchanges_of("azure-anthropic-foundry")[-1]
    assert sent.headers["x-api-key"] == sent.headers["api-key"] == AZURE["apiKey"]
    assert sent.path.endswith("/anthropic/v1/messages")
