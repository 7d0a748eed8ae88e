from typing import Any

from ownkey.adapters.protocols.bedrock_converse.schemas import closed_schema


def test_objects_are_closed_at_every_level_and_limits_are_told_in_words() -> None:
    schema = {
        "type": "object",
        "properties": {
            "pattern": {"type": "string", "pattern": "a+", "description": "A name."},
            "list": {"type": "array", "minItems": 2, "items": {"type": "object", "properties": {}}},
            "either": {"oneOf": [{"type": "integer", "maximum": 3}, {"$ref": "#/$defs/other"}]},
        },
        "required": ["pattern"],
        "$defs": {"other": {"type": "object"}},
    }

    assert closed_schema(schema) == {
        "type": "object",
        "properties": {
            "pattern": {"type": "string", "description": 'A name. (pattern: "a+")'},
            "list": {
                "type": "array",
                "items": {"type": "object", "properties": {}, "additionalProperties": False},
                "description": "minItems: 2",
            },
            "either": {"anyOf": [{"type": "integer", "description": "maximum: 3"}, {"$ref": "#/$defs/other"}]},
        },
        "required": ["pattern"],
        "$defs": {"other": {"type": "object", "additionalProperties": False}},
        "additionalProperties": False,
    }


def test_a_schema_without_end_is_left_alone_below_a_depth() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(400):
        schema = {"type": "array", "items": schema}

    assert closed_schema(schema)["items"]["items"]["type"] == "array"
