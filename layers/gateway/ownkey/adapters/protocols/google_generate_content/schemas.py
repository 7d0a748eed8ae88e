"""JSON schemas as Gemini takes them: most of the standard, or, for the oldest models, a subset of OpenAPI's."""

from collections.abc import Callable
from typing import Any

from ownkey.domain.chat import JsonObject

_MAPS = ("properties", "$defs", "definitions", "patternProperties")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLE = ("items", "additionalProperties", "not")
_REFUSED = frozenset({"$schema", "discriminator", "examples", "exclusiveMinimum", "exclusiveMaximum"})
_OPENAPI = frozenset(
    {"type", "format", "title", "description", "nullable", "enum", "items", "minItems", "maxItems", "properties"}
    | {"required", "minimum", "maximum", "minLength", "maxLength", "pattern", "anyOf", "propertyOrdering"}
    | {"minProperties", "maxProperties"}
)
_OPENAPI_FORMATS = frozenset({"enum", "date-time", "int32", "int64", "float", "double"})
_DEPTH_LIMIT = 24
_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number"}


def json_schema(schema: JsonObject) -> JsonObject:
    """Return `schema` for `parametersJsonSchema` and `responseJsonSchema`; the original stays as it is."""
    return _each(_without_const(schema, _REFUSED), json_schema)


def openapi_schema(schema: JsonObject) -> JsonObject:
    """Return `schema` for `parameters` and `responseSchema`: only what OpenAPI's subset has, references resolved."""
    return _openapi(schema, schema, 0)


def _without_const(schema: JsonObject, refused: frozenset[str]) -> JsonObject:
    kept = {name: value for name, value in schema.items() if name not in refused}
    if "const" in kept:
        value = kept.pop("const")
        if value is None:
            return {**kept, "type": "null"}
        kept["enum"] = [value]
        if type(value) in _TYPES:
            kept.setdefault("type", _TYPES[type(value)])
    return kept


def _each(schema: JsonObject, convert: Callable[[JsonObject], JsonObject]) -> JsonObject:
    """Return `schema` with every schema inside it converted."""
    converted: JsonObject = dict(schema)
    for name, value in schema.items():
        if name in _MAPS and isinstance(value, dict):
            converted[name] = {key: _one(inner, convert) for key, inner in value.items()}
        elif name in _LISTS and isinstance(value, list):
            converted[name] = [_one(inner, convert) for inner in value]
        elif name in _SINGLE:
            converted[name] = _one(value, convert)
    return converted


def _one(value: Any, convert: Callable[[JsonObject], JsonObject]) -> Any:
    return convert(value) if isinstance(value, dict) else value


def _openapi(schema: JsonObject, root: JsonObject, depth: int) -> JsonObject:
    if depth > _DEPTH_LIMIT:
        return {"type": "object"}  # a schema that holds itself
    schema = _without_const(schema, frozenset())
    if isinstance(reference := schema.pop("$ref", None), str):
        schema = {**_resolved(reference, root), **schema}
        return _openapi(schema, root, depth + 1)
    if "oneOf" in schema:
        schema["anyOf"] = schema.pop("oneOf")
    for part in schema.pop("allOf", None) or ():
        schema = _joined(schema, part)
    _split_types(schema)
    if schema.get("format") not in _OPENAPI_FORMATS:
        schema.pop("format", None)
    if isinstance(values := schema.get("enum"), list):
        schema |= {"enum": [str(value) for value in values if value is not None], "type": "string"}
    kept = _without_booleans({name: value for name, value in schema.items() if name in _OPENAPI})
    kept = _each(kept, lambda inner: _openapi(inner, root, depth + 1))
    if isinstance(required := kept.get("required"), list):
        kept["required"] = [name for name in required if name in kept.get("properties", {})]
    return {name: value for name, value in kept.items() if value != []}


def _without_booleans(schema: JsonObject) -> JsonObject:
    """Return `schema` with `true`, which stands for a schema that takes anything, spelt out. `false` takes nothing."""
    spelt = {name: value for name, value in schema.items() if name != "items" or value is not False}
    if spelt.get("items") is True:
        spelt["items"] = {}
    if isinstance(properties := spelt.get("properties"), dict):
        found = {name: {} if inner is True else inner for name, inner in properties.items() if inner is not False}
        spelt["properties"] = found
    return spelt


def _split_types(schema: JsonObject) -> None:
    """Turn a list of types into alternatives, and `null` among them into `nullable`."""
    types = schema.get("type")
    if isinstance(types, list):
        if "null" in types:
            schema["nullable"] = True
        types = [name for name in types if name != "null"]
        if len(types) == 1:
            schema["type"] = types[0]
        else:
            del schema["type"]
            schema["anyOf"] = [{"type": name} for name in types]
    alternatives = schema.get("anyOf")
    if isinstance(alternatives, list) and {"type": "null"} in alternatives:
        schema |= {"nullable": True, "anyOf": [item for item in alternatives if item != {"type": "null"}]}


def _joined(schema: JsonObject, part: Any) -> JsonObject:
    part = part if isinstance(part, dict) else {}
    joined = {**part, **schema}
    for name in ("properties", "required"):
        ours, theirs = schema.get(name), part.get(name)
        if isinstance(ours, dict) and isinstance(theirs, dict):
            joined[name] = {**theirs, **ours}
        elif isinstance(ours, list) and isinstance(theirs, list):
            joined[name] = [*theirs, *ours]
    return joined


def _resolved(reference: str, root: JsonObject) -> JsonObject:
    found: Any = root
    for name in reference.removeprefix("#").strip("/").split("/"):
        found = found.get(name.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) and name else found
    return found if isinstance(found, dict) else {}
