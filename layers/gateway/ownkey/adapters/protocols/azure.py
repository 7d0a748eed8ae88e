"""Where things are on an Azure resource: one surface without versions, one for each dated version of its API."""

from collections.abc import Mapping
from urllib.parse import quote

VERSIONLESS = frozenset({"", "v1", "latest", "preview"})
"""Values of `apiVersion` that mean the surface under `/openai/v1`."""


def azure_path(settings: Mapping[str, str], path: str, *, deployment: str | None = None) -> str:
    """Return the path and query below a credential's `endpoint` for an OpenAI path such as `/chat/completions`.

    A dated API has chat below the deployment and names its version in the query; the other one has OpenAI's own paths.
    """
    version = settings.get("apiVersion", "").strip().lower()
    if version in VERSIONLESS:
        # Azure takes no version here, but the caller who typed `preview` wants what is only there.
        return f"/openai/v1{path}{'?api-version=preview' if version == 'preview' else ''}"
    below = f"/deployments/{quote(deployment, safe='')}" if deployment else ""
    return f"/openai{below}{path}?api-version={quote(version, safe='')}"


def azure_deployment(settings: Mapping[str, str], model: str) -> str:
    """Return the deployment to call: the credential's, else the one named like the model."""
    return settings.get("deploymentName") or model
