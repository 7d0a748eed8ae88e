"""The headers that carry a provider key."""

from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.provider_keys import Credential
from ownkey.domain.secrets import Secret

BEARER = "Bearer"


def auth_headers(spec: ProviderSpec, credential: Credential, word: str = BEARER) -> dict[str, str | Secret]:
    """Return the headers of `spec` that carry the key; raises KeyError for credentials that sign instead.

    `word` stands before the key where the scheme is "bearer".
    """
    key = credential.api_key
    if spec.auth == "bearer":
        return {"Authorization": Secret(f"{word} {key.reveal()}")}
    return dict.fromkeys((spec.auth, *spec.auth_also), key)
