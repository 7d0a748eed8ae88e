"""The headers that carry a provider key."""

from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.provider_keys import Credential
from ownkey.domain.secrets import Secret


def auth_headers(spec: ProviderSpec, credential: Credential) -> dict[str, str | Secret]:
    """Return the headers of `spec` that carry the key; raises KeyError for credentials that sign instead."""
    key = credential.api_key
    if spec.auth == "bearer":
        return {"Authorization": Secret(f"Bearer {key.reveal()}")}
    return dict.fromkeys((spec.auth, *spec.auth_also), key)
