"""Streams folded into whole answers, by code that shares nothing with the gateway's."""

import json
from collections.abc import Iterable
from typing import Any


def naive_events(body: str) -> list[dict[str, Any]]:
    """Return the JSON events of a stream that has been read to its end."""
    lines = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    texts = [line[5:].strip() for line in lines if line.startswith("data:")]
    return [json.loads(text) for text in texts if text and text != "[DONE]"]


def folded_text(events: Iterable[dict[str, Any]], *names: str) -> dict[int, str]:
    """Return the text of each choice: of the first of the fields `names` that a delta has."""
    texts: dict[int, str] = {}
    for event in events:
        for choice in event.get("choices") or ():
            delta = choice.get("delta") or {}
            text = next((delta[name] for name in names if isinstance(delta.get(name), str) and delta[name]), "")
            texts[choice.get("index") or 0] = texts.get(choice.get("index") or 0, "") + text
    return texts


def folded_calls(events: Iterable[dict[str, Any]]) -> dict[int, list[tuple[str, str]]]:
    """Return the tool calls of each choice as name and arguments, told apart by their index."""
    calls: dict[int, dict[int, list[str]]] = {}
    for event in events:
        for choice in event.get("choices") or ():
            of_choice = calls.setdefault(choice.get("index") or 0, {})
            for entry in (choice.get("delta") or {}).get("tool_calls") or ():
                call = of_choice.setdefault(entry["index"], ["", ""])
                function = entry.get("function") or {}
                call[0] = call[0] or function.get("name") or ""
                call[1] += function.get("arguments") or ""
    return {index: [(name, text) for name, text in of_choice.values()] for index, of_choice in calls.items()}


def fold(chunks: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the choices that a normalised stream comes to: message and finish reason."""
    choices: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        for choice in chunk["choices"]:
            whole = choices.setdefault(choice["index"], {"message": {"content": None}, "finish_reason": None})
            for name, value in choice["delta"].items():
                _fold_field(whole["message"], name, value)
            whole["finish_reason"] = whole["finish_reason"] or choice["finish_reason"]
    return [choices[index] for index in sorted(choices)]


def _fold_field(message: dict[str, Any], name: str, value: Any) -> None:
    if name == "tool_calls":
        _fold_calls(message.setdefault("tool_calls", []), value)
    elif name == "content":
        message["content"] = message["content"] if value is None else (message["content"] or "") + value
    elif name == "role" or not isinstance(value, str | list):
        message[name] = value
    else:
        message[name] = message.get(name, type(value)()) + value


def _fold_calls(calls: list[dict[str, Any]], entries: list[dict[str, Any]]) -> None:
    for entry in entries:
        position = entry["index"]
        if position == len(calls):
            calls.append({name: value for name, value in entry.items() if name != "index"})
            calls[position]["function"] = dict(entry["function"])
        else:
            calls[position]["function"]["arguments"] += entry["function"]["arguments"]
