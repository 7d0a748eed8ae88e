import pytest

from ownkey.adapters.protocols.azure import azure_deployment, azure_path


@pytest.mark.parametrize(
    ("version", "path"),
    [
        ("2024-10-21", "/openai/deployments/d/chat/completions?api-version=2024-10-21"),
        ("2025-04-01-preview", "/openai/deployments/d/chat/completions?api-version=2025-04-01-preview"),
        ("v1", "/openai/v1/chat/completions"),
        ("latest", "/openai/v1/chat/completions"),
        ("", "/openai/v1/chat/completions"),
        (None, "/openai/v1/chat/completions"),
        ("preview", "/openai/v1/chat/completions?api-version=preview"),
        (" V1 ", "/openai/v1/chat/completions"),
    ],
)
def test_chat_is_below_the_deployment_in_dated_versions_only(version: str | None, path: str) -> None:
    settings = {} if version is None else {"apiVersion": version}

    assert azure_path(settings, "/chat/completions", deployment="d") == path


@pytest.mark.parametrize(
    ("version", "path"), [("2024-10-21", "/openai/models?api-version=2024-10-21"), ("v1", "/openai/v1/models")]
)
def test_models_belong_to_no_deployment(version: str, path: str) -> None:
    assert azure_path({"apiVersion": version}, "/models") == path


def test_nothing_in_a_credential_bends_the_url() -> None:
    path = azure_path({"apiVersion": "2024-10-21&x=1#"}, "/chat/completions", deployment="../a?b#c")

    assert path == "/openai/deployments/..%2Fa%3Fb%23c/chat/completions?api-version=2024-10-21%26x%3D1%23"


def test_a_credential_without_deployment_calls_the_one_named_like_the_model() -> None:
    assert azure_deployment({"deploymentName": "d"}, "gpt-4o") == "d"
    assert azure_deployment({}, "gpt-4o") == "gpt-4o"
