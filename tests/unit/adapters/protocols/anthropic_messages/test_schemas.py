import json
from typing import Any

import pytest

from ownkey.adapters.protocols.anthropic_messages.schemas import supported_schema

CLOSED = {"type": "object", "properties": {}, "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "object", "properties": {}, "additionalProperties": True}, CLOSED),
        (
            {"oneOf": [{"type": "string"}, {"type": "object", "properties": {}}]},
            {"anyOf": [{"type": "string"}, CLOSED]},
        ),
        (
            {"type": "integer", "description": "How many.", "minimum": 1, "maximum": 9},
            {"type": "integer", "description": "How many. (at least: 1, at most: 9)"},
        ),
        (
            {"type": "array", "minItems": 1, "maxItems": 3, "items": {"type": "object", "properties": {}}},
            {"type": "array", "minItems": 1, "items": CLOSED, "description": "(items at most: 3)"},
        ),
        ({"type": "array", "minItems": 2}, {"type": "array", "description": "(items at least: 2)"}),
        ({"not": {}, "if": {}, "then": {}, "else": {}, "patternProperties": {}, "contains": {}}, {}),
        (
            {"properties": {"minimum": {"type": "string", "pattern": "x"}}, "$defs": {"X": {"type": "object"}}},
            {
                "properties": {"minimum": {"type": "string", "description": "(matches: x)"}},
                "$defs": {"X": {"type": "object", "additionalProperties": False}},
                "additionalProperties": False,
            },
        ),
        (
            {"type": ["object", "null"], "enum": [1], "const": 2, "default": {"minimum": 1}, "format": "date"},
            {
                "type": ["object", "null"],
                "enum": [1],
                "const": 2,
                "default": {"minimum": 1},
                "format": "date",
                "additionalProperties": False,
            },
        ),
    ],
)
def test_a_schema_loses_only_what_is_not_understood(schema: Any, expected: Any) -> None:
    before = json.dumps(schema)
    assert supported_schema(schema) == expected
    assert json.dumps(schema) == before
