"""JSON schemas in the part of JSON Schema that Anthropic compiles."""

from collections.abc import Mapping
from typing import Any

_WORDED: Mapping[str, str] = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
    "multipleOf": "a multiple of",
    "minLength": "characters at least",
    "maxLength": "characters at most",
    "pattern": "matches",
    "minItems": "items at least",
    "maxItems": "items at most",
    "uniqueItems": "items unique",
    "minProperties": "properties at least",
    "maxProperties": "properties at most",
}
"""Constraints that cannot be sent, and what they are called where they go instead: into the description."""
_REMOVED = frozenset({"patternProperties", "if", "then", "else", "not", "contains", "minContains", "maxContains"})
_SCHEMA_MAPS = frozenset({"properties", "$defs", "definitions"})
_SCHEMA_LISTS = frozenset({"anyOf", "allOf", "prefixItems"})
_DEPTH_LIMIT = 64


def supported_schema(schema: Any, depth: int = 0) -> Any:
    """Return `schema` as Anthropic takes it: objects closed, `oneOf` as `anyOf`, constraints put into descriptions."""
    if not isinstance(schema, dict) or depth > _DEPTH_LIMIT:
        return schema
    supported: dict[str, Any] = {}
    lost: list[str] = []
    for name, value in schema.items():
        if name in _WORDED and not (name == "minItems" and value in (0, 1)):
            lost.append(f"{_WORDED[name]}: {value}")
        elif name not in _REMOVED:
            supported["anyOf" if name == "oneOf" else name] = _supported_value(name, value, depth)
    if lost:
        described = supported.get("description")
        supported["description"] = f"{f'{described} ' if described else ''}({', '.join(lost)})"
    kind = supported.get("type")
    if kind == "object" or "properties" in supported or (isinstance(kind, list) and "object" in kind):
        supported["additionalProperties"] = False
    return supported


def _supported_value(name: str, value: Any, depth: int) -> Any:
    if name in _SCHEMA_MAPS and isinstance(value, dict):
        return {key: supported_schema(child, depth + 1) for key, child in value.items()}
    if (name in _SCHEMA_LISTS or name == "oneOf") and isinstance(value, list):
        return [supported_schema(child, depth + 1) for child in value]
    return supported_schema(value, depth + 1) if name in ("items", "additionalProperties") else value
