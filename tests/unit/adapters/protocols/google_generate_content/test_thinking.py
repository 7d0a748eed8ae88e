from typing import Any

import pytest

from ownkey.adapters.protocols.google_generate_content.families import family_of
from ownkey.adapters.protocols.google_generate_content.thinking import thinking_config

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


@pytest.mark.parametrize(
    ("model", "levels"),
    [
        ("gemini-3-pro-preview", "low low low high high high high"),
        ("gemini-3-flash-preview", "minimal minimal low medium high high high"),
        ("gemini-3.1-pro-preview", "low low low medium high high high"),
        ("gemini-3.1-flash-lite-preview", "minimal minimal low medium high high high"),
        ("gemini-3.1-flash-lite-image", "minimal minimal minimal high high high high"),
        ("gemini-3.7-flash", "low low low medium high high high"),
        ("gemini-9-flash", "low low low medium high high high"),
        ("gemini-flash-latest", "low low low medium high high high"),
    ],
)
def test_an_effort_becomes_the_nearest_level_of_the_model(model: str, levels: str) -> None:
    family = family_of(model)

    configs = [thinking_config(family, effort) for effort in EFFORTS]

    assert configs == [
        {"includeThoughts": effort != "none", "thinkingLevel": level}
        for effort, level in zip(EFFORTS, levels.split(), strict=True)
    ]


@pytest.mark.parametrize(
    ("model", "budgets"),
    [
        ("gemini-2.5-flash", [0, 1024, 1024, 8192, 24576, 24576, 24576]),
        ("gemini-2.5-flash-lite", [0, 1024, 1024, 8192, 24576, 24576, 24576]),
        ("gemini-2.5-pro", [128, 1024, 1024, 8192, 24576, 32768, 32768]),
    ],
)
def test_an_effort_becomes_a_budget_in_the_models_range(model: str, budgets: list[int]) -> None:
    family = family_of(model)

    assert [thinking_config(family, effort) for effort in EFFORTS] == [
        {"includeThoughts": effort != "none", "thinkingBudget": budget}
        for effort, budget in zip(EFFORTS, budgets, strict=True)
    ]


@pytest.mark.parametrize(
    "model", ["gemini-2.0-flash", "gemma-3-27b-it", "gemini-2.5-flash-image", "gemini-3-pro-image"]
)
@pytest.mark.parametrize("effort", EFFORTS)
def test_a_model_without_such_a_setting_gets_none(model: str, effort: str) -> None:
    assert thinking_config(family_of(model), effort) is None


@pytest.mark.parametrize("effort", ["", "default", "HIGH"])
def test_an_effort_that_nobody_knows_is_not_sent(effort: Any) -> None:
    assert thinking_config(family_of("gemini-2.5-pro"), effort) is None
