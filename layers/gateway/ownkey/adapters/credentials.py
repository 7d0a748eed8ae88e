"""What callers hand over as a provider key, checked and taken apart before anything is done with it.

No message here quotes what it refuses: a refused key is a key all the same.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from ownkey.adapters.aws_regions import AWS_REGIONS
from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.errors import InvalidInputError
from ownkey.domain.provider_keys import SECRET_FIELDS, Credential
from ownkey.domain.secrets import Secret

MAX_BYTES = 4096
"""The most that KMS encrypts at once, and so the most that a credential may take when it is sealed."""

URL_FIELDS: Mapping[str, tuple[str, str]] = {
    "deploymentName": (r"(?!\.+\Z)[A-Za-z0-9._-]{1,64}", "1 to 64 letters, digits, dots, hyphens and underscores"),
    "apiVersion": (r"\d{4}-\d{2}-\d{2}(-preview)?|v1|preview|latest", "a date such as 2024-10-21, or v1"),
}
"""Settings that become part of a URL: their whole-match pattern, which is enforced, and what it asks for."""

_PRINTABLE = re.compile(r"[!-~]*")
_SHOWABLE_NAME = re.compile(r"[A-Za-z_-]{1,24}")
_ENDPOINT = re.compile(r"(?i:https)://(?P<host>[^/?:]*)(?::(?P<port>[0-9]*))?(?P<path>/[^?]*)?(?:\?(?P<query>.*))?")
_RESOURCE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_DEPLOYMENT_PATH = re.compile(r"/openai/deployments/(?P<deployment>[^/]+)(?:/.*)?")


@dataclass(frozen=True, slots=True)
class ParsedCredential:
    """A credential that may be sealed and sent, and what is surprising about it."""

    credential: Credential
    warnings: tuple[str, ...] = ()


def parse_credential(spec: ProviderSpec, key: str | Mapping[str, Any]) -> ParsedCredential:
    """Return the credential in `key`, which a caller wrote; surprising shapes are warnings.

    Raises:
        InvalidInputError: it cannot be a credential of this provider. The message never holds a piece of it.
    """
    parsed = _parse_json(spec, key) if spec.key_format.is_json else _parse_plain(spec, key)
    if len(parsed.credential.to_sealable()) > MAX_BYTES:
        raise _too_long(spec)
    return parsed


def _parse_plain(spec: ProviderSpec, key: str | Mapping[str, Any]) -> ParsedCredential:
    if not isinstance(key, str) or _is_json_object(key):
        raise InvalidInputError(
            f"{spec.name} keys are plain strings: send the key itself as a string, not a JSON object.", field="key"
        )
    value = _checked_text(spec, key, "key")
    if not value:
        raise InvalidInputError(f"The key is empty. Send your {spec.name} key.", field="key")
    usual = spec.key_format.looks_usual(value)
    warning = f"This does not look like a usual {spec.name} key{_in_words(spec)}. It is kept as given."
    return ParsedCredential(Credential({"apiKey": Secret(value)}), () if usual else (warning,))


def _parse_json(spec: ProviderSpec, key: str | Mapping[str, Any]) -> ParsedCredential:
    given = _named_fields(spec, _json_object(spec, key))
    fields = {**_from_endpoint(spec, given), **given} if "endpoint" in given else given
    for name in spec.key_format.fields:
        if name not in fields and name not in spec.key_format.optional_fields:
            raise InvalidInputError(f"{name} is missing. {_wanted(spec)}", field=f"key.{name}")
    if "endpoint" in fields:
        fields["endpoint"] = reduce_endpoint(fields["endpoint"], spec.host_suffixes)
    _check_url_fields(fields)
    _check_aws(fields)
    credential = Credential(
        {name: Secret(value) for name, value in fields.items() if name in SECRET_FIELDS},
        {name: value for name, value in fields.items() if name not in SECRET_FIELDS},
    )
    return ParsedCredential(credential, _shape_warnings(spec, fields))


def _json_object(spec: ProviderSpec, key: str | Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(key, str):
        return key
    if len(key) > MAX_BYTES:
        raise _too_long(spec)
    try:
        parsed = json.loads(key)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        # Raised out here on purpose: a JSONDecodeError in the chain would carry the whole credential.
        raise InvalidInputError(f"{spec.name} keys are JSON. {_wanted(spec)}", field="key")
    return parsed


def _named_fields(spec: ProviderSpec, given: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields that were filled in, trimmed, every one of them known."""
    fields: dict[str, str] = {}
    for name, value in given.items():
        if name not in spec.key_format.fields:
            shown = (
                f"{name} is not one of the fields" if _SHOWABLE_NAME.fullmatch(name) else "There is an unknown field"
            )
            raise InvalidInputError(f"{shown}. {_wanted(spec)}", field="key")
        if value is None:
            continue
        if not isinstance(value, str):
            raise InvalidInputError(f"{name} must be a string. {_wanted(spec)}", field=f"key.{name}")
        if text := _checked_text(spec, value, f"key.{name}"):
            fields[name] = text
    return fields


def _checked_text(spec: ProviderSpec, value: str, field: str) -> str:
    """Return `value` trimmed: at most `MAX_BYTES`, and nothing in it that a header could choke on."""
    text = value.strip()
    if len(text) > MAX_BYTES:
        raise _too_long(spec)
    if text[:7].lower() == "bearer ":
        raise InvalidInputError(f"Send the {spec.name} key alone, without the word Bearer.", field=field)
    if not _PRINTABLE.fullmatch(text):
        raise InvalidInputError(
            f"{field} may hold printable ASCII characters only: no spaces, line breaks, control characters or "
            f"other alphabets inside. Copy it again from {spec.name}.",
            field=field,
        )
    return text


def _from_endpoint(spec: ProviderSpec, given: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that a full URL, as portals show it, holds besides the host."""
    match = _ENDPOINT.fullmatch(given["endpoint"])
    if match is None:
        return {}
    deployment = _DEPLOYMENT_PATH.fullmatch(match["path"] or "")
    versions = parse_qs(match["query"] or "").get("api-version", [])
    found = {"deploymentName": deployment["deployment"] if deployment else "", "apiVersion": "".join(versions[:1])}
    return {name: value for name, value in found.items() if value and name in spec.key_format.fields}


def reduce_endpoint(endpoint: str, suffixes: tuple[str, ...]) -> str:
    """Return `https://<name><suffix>` for a URL under one of `suffixes`, whatever path and query it came with.

    Raises:
        InvalidInputError: it is not such a URL, or it is one that two parsers could read differently.
    """
    match = _ENDPOINT.fullmatch(endpoint)
    if match and not set("#@\\%") & set(endpoint) and match["port"] in (None, "443"):
        host = match["host"].lower()
        for suffix in suffixes:
            name = host.removesuffix(suffix)
            if name != host and _RESOURCE_NAME.fullmatch(name):
                return f"https://{name}{suffix}"
    forms = " or ".join(f"https://<name>{suffix}" for suffix in suffixes)
    raise InvalidInputError(f"endpoint must be {forms}, as your Azure portal shows it.", field="key.endpoint")


def _check_url_fields(fields: Mapping[str, str]) -> None:
    for name, (pattern, wanted) in URL_FIELDS.items():
        if name in fields and not re.fullmatch(pattern, fields[name], re.ASCII):
            raise InvalidInputError(f"{name} must be {wanted}.", field=f"key.{name}")


def _check_aws(fields: Mapping[str, str]) -> None:
    if "region" in fields and fields["region"] not in AWS_REGIONS:
        raise InvalidInputError("region must be the code of an AWS region, such as us-east-1.", field="key.region")
    if fields.get("accessKeyId", "").startswith("ASIA") and "sessionToken" not in fields:
        raise InvalidInputError(
            "An accessKeyId that begins with ASIA is temporary: send its sessionToken too.", field="key.sessionToken"
        )


def _shape_warnings(spec: ProviderSpec, fields: Mapping[str, str]) -> tuple[str, ...]:
    checked = {"endpoint", "region", *URL_FIELDS}
    surprising = [
        name
        for name, pattern in spec.key_format.fields.items()
        if name in fields and name not in checked and pattern and not re.fullmatch(pattern, fields[name])
    ]
    return tuple(f"{name} does not look like a usual one of {spec.name}. It is kept as given." for name in surprising)


def _is_json_object(text: str) -> bool:
    try:
        return len(text) <= MAX_BYTES and isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _wanted(spec: ProviderSpec) -> str:
    names = ", ".join(
        f"{name} (optional)" if name in spec.key_format.optional_fields else name for name in spec.key_format.fields
    )
    return f"Send a JSON object with {names}."


def _in_words(spec: ProviderSpec) -> str:
    return f" ({spec.key_format.hint})" if spec.key_format.hint else ""


def _too_long(spec: ProviderSpec) -> InvalidInputError:
    return InvalidInputError(
        f"The key is too long: at most {MAX_BYTES:,} bytes can be sealed. Check that it is a {spec.name} key.",
        field="key",
    )
