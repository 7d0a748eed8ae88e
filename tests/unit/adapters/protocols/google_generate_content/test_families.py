import pytest

from ownkey.adapters.protocols.google_generate_content.families import family_of


@pytest.mark.parametrize(
    ("model", "bare", "generation"),
    [
        ("gemini-2.5-flash", "gemini-2.5-flash", 2.5),
        ("google/gemini-2.5-pro", "gemini-2.5-pro", 2.5),
        ("models/gemini-2.0-flash-001", "gemini-2.0-flash-001", 2.0),
        ("google/models/gemini-3-pro-preview", "gemini-3-pro-preview", 3.0),
        ("gemini-3.1-flash-lite", "gemini-3.1-flash-lite", 3.1),
        ("gemini-live-2.5-flash", "gemini-live-2.5-flash", 2.5),
        ("gemini-flash-latest", "gemini-flash-latest", 3.0),
        ("gemini-robotics-er-1.5-preview", "gemini-robotics-er-1.5-preview", 2.5),
        ("gemini-12-ultra", "gemini-12-ultra", 12.0),
        ("nano-banana", "nano-banana", 3.0),
        ("gemma-3-27b-it", "gemma-3-27b-it", 0.0),
    ],
)
def test_a_model_is_of_the_generation_that_its_id_says(model: str, bare: str, generation: float) -> None:
    family = family_of(model)

    assert (family.model, family.generation) == (bare, generation)
