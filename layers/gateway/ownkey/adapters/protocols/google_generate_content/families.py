"""What a model can do, as far as its id tells."""

import re
from dataclasses import dataclass

_VERSION = re.compile(r"(?:gemini|gemini-[a-z-]+)-(\d+(?:\.\d+)?)(?![\d.])")
_NEWEST = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The traits of a model. One that nobody here knows is taken for one of the newest."""

    model: str
    """The bare id, as it stands in the path."""
    generation: float
    """3.5 for `gemini-3.5-flash`; 0 for models that are not Gemini."""

    @property
    def has_system_instruction(self) -> bool:
        """Whether instructions have a place of their own."""
        return self.generation > 0

    @property
    def has_json_mode(self) -> bool:
        """Whether the model can be held to JSON."""
        return self.generation > 0

    @property
    def has_json_mode_with_tools(self) -> bool:
        """Whether it can be held to JSON while it may call tools."""
        return self.generation >= 3

    @property
    def reads_json_schema(self) -> bool:
        """Whether it takes JSON schemas; others take a subset of OpenAPI's."""
        return self.generation >= 2

    @property
    def has_call_ids(self) -> bool:
        """Whether tool calls carry ids; others refuse the field."""
        return self.generation >= 3

    @property
    def has_signatures(self) -> bool:
        """Whether the model signs its thoughts."""
        return self.generation >= 2.5

    @property
    def requires_signatures(self) -> bool:
        """Whether earlier tool calls are refused without a signature."""
        return self.generation >= 3

    @property
    def has_penalties(self) -> bool:
        """Whether presence and frequency penalties are taken."""
        return 0 < self.generation < 2.5

    @property
    def is_specialised(self) -> bool:
        """Whether it is made for something else than text: images, speech, live audio."""
        return any(word in self.model for word in ("-image", "-tts", "-live", "native-audio"))


def family_of(upstream_model: str) -> Family:
    """Return the family of a model, whose id may still have a vendor's prefix."""
    model = upstream_model.removeprefix("google/").removeprefix("models/")
    name = model.lower()
    if name.startswith(("gemma", "learnlm")):
        return Family(model=model, generation=0.0)
    match = _VERSION.match(name)
    if name.startswith("gemini-robotics"):
        return Family(model=model, generation=2.5)
    return Family(model=model, generation=float(match[1]) if match else _NEWEST)
