"""JSON schemas cut down to what Claude can be bound to."""

import json
from typing import Any

_NOT_KNOWN = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern"}
    | {"maxItems", "uniqueItems", "minProperties", "maxProperties", "patternProperties", "if", "then", "else", "not"}
    | {"contains", "minContains", "maxContains", "propertyNames", "dependentRequired", "dependentSchemas"}
)
_VALUES = frozenset({"enum", "const", "default", "examples", "required"})
"""Keywords that hold values, not schemas."""
_DEPTH_LIMIT = 64
_NAMED_SCHEMAS = frozenset({"properties", "$defs", "definitions"})


def closed_schema(schema: Any, depth: int = 0) -> Any:
    """Return `schema` with every object closed, and what cannot be enforced told in the descriptions instead."""
    if isinstance(schema, list):
        return [closed_schema(item, depth) for item in schema]
    if not isinstance(schema, dict) or depth > _DEPTH_LIMIT:
        return schema
    told = {name: value for name, value in schema.items() if _is_unknown(name, value)}
    kept = {
        "anyOf" if name == "oneOf" else name: _closed(name, value, depth + 1)
        for name, value in schema.items()
        if name not in told
    }
    if kept.get("type") == "object" or "properties" in kept:
        kept["additionalProperties"] = False
    if told:
        words = ", ".join(f"{name}: {json.dumps(value)}" for name, value in told.items())
        described = kept.get("description")
        kept["description"] = f"{described} ({words})" if isinstance(described, str) and described else words
    return kept


def _is_unknown(name: str, value: Any) -> bool:
    return name in _NOT_KNOWN or (name == "minItems" and value not in (0, 1))


def _closed(name: str, value: Any, depth: int) -> Any:
    if name in _VALUES:
        return value
    if name in _NAMED_SCHEMAS and isinstance(value, dict):
        return {key: closed_schema(item, depth) for key, item in value.items()}
    return closed_schema(value, depth)
