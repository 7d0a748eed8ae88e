"""Reads `template.yaml` with CloudFormation's short forms spelt out, so that it can be written again as JSON."""

from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parent.parent

Template = dict[str, Any]


class _CloudFormationLoader(yaml.SafeLoader):
    """YAML with `!Ref` and its relatives."""


def _long_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_CloudFormationLoader.add_multi_constructor("!", _long_form)


def load_template(path: Path = REPOSITORY / "template.yaml") -> Template:
    """Return the template in plain JSON types."""
    template: Template = yaml.load(path.read_text(), _CloudFormationLoader)  # noqa: S506 - a SafeLoader
    return template
