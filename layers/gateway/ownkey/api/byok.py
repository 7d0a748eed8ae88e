"""What a request says of keys: whether to use the caller's own, and that it may not carry one itself."""

from collections.abc import Mapping
from typing import Any

from ownkey.domain.chat import ByokOptions, JsonObject
from ownkey.domain.errors import InvalidParameterError

CREDENTIAL_FIELDS = frozenset(
    {"api_key", "apikey", "api_base", "base_url", "baseurl", "authorization", "user_config", "litellm_params"}
    | {"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "azure_ad_token", "extra_headers"}
)
"""Fields that would choose a host or carry a credential in the body of a request: refused, wherever they stand."""

FREE_FORM_FIELDS = frozenset({"messages", "tools", "functions", "response_format", "metadata", "prediction"})
"""Fields whose content is the caller's own text or schema: any name may stand inside."""


def byok_options(byok: Any, headers: Mapping[str, str]) -> ByokOptions:
    """Return the options of body and headers; where both speak, the body wins, field by field.

    Raises:
        InvalidParameterError: one of them has a wrong value.
    """
    if byok is None:
        byok = {}
    if not isinstance(byok, dict):
        raise InvalidParameterError('byok must be an object such as {"enabled": true}.', param="byok")
    kinds = {"enabled": bool, "provider": str, "disableFallbacks": bool}
    for name, value in byok.items():
        if name not in kinds:
            raise InvalidParameterError(f"byok.{name} is not a field; use {', '.join(kinds)}.", param=f"byok.{name}")
        if value is not None and not isinstance(value, kinds[name]):
            raise InvalidParameterError(f"byok.{name} must be a {kinds[name].__name__}.", param=f"byok.{name}")
    enabled, provider, disable_fallbacks = (byok.get(name) for name in kinds)
    if enabled is None:
        enabled = _boolean_header(headers, "x-use-byok")
    if provider is None:
        provider = headers.get("x-byok-provider")
    return ByokOptions(
        enabled=enabled,
        provider=(provider.strip().lower() or None) if provider and enabled else None,
        disable_fallbacks=True if disable_fallbacks is None else disable_fallbacks,
    )


def _boolean_header(headers: Mapping[str, str], name: str) -> bool:
    value = headers.get(name, "").strip().lower()
    if value in {"true", "1"}:
        return True
    if value in {"", "false", "0"}:
        return False
    raise InvalidParameterError(f"The header {name} must be true or false.", param=name)


def refuse_credentials(value: JsonObject, path: str = "") -> None:
    """Raise InvalidParameterError when a body would choose a host or carry a credential."""
    for name, inner in value.items():
        if name.lower() in CREDENTIAL_FIELDS:
            raise InvalidParameterError(
                f"{path}{name} is not accepted: the gateway uses stored provider keys and its own list of hosts.",
                param=f"{path}{name}",
            )
        if path == "" and name in FREE_FORM_FIELDS:
            continue
        for index, item in enumerate(inner if isinstance(inner, list) else (inner,)):
            if isinstance(item, dict):
                refuse_credentials(item, f"{path}{name}[{index}]." if isinstance(inner, list) else f"{path}{name}.")
