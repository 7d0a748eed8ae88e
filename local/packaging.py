"""Makes the template deployable to the emulator: the code of functions and layers as archives beside it."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.template import REPOSITORY, Template

BUCKET = "ownkey-local-code"
_CODE_PROPERTIES = ("CodeUri", "ContentUri")
_LOCKED_DEPENDENCIES = REPOSITORY / "requirements" / "layer.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A template whose code lies in a bucket, the archives to put there, and a digest of all of it."""

    template: str
    archives: dict[str, bytes]
    digest: str


def package(template: Template, account_id: str) -> Package:
    """Return the template as the emulator can deploy it.

    Workers run the code from this folder and the packages from the virtual environment; the archives are there because
    a deployment needs them, and so that a changed file is a changed deployment.
    """
    archives: dict[str, bytes] = {}
    resources = {name: dict(resource) for name, resource in template["Resources"].items()}
    for resource in resources.values():
        properties = dict(resource.get("Properties", {}))
        for name in _CODE_PROPERTIES:
            if name in properties:
                archive = _archive(REPOSITORY / properties[name])
                key = f"{hashlib.sha256(archive).hexdigest()}.zip"
                archives[key] = archive
                properties[name] = f"s3://{BUCKET}/{key}"
                resource["Properties"] = properties
    # The emulator does not resolve pseudo parameters in conditions.
    conditions = _with_account_id(template.get("Conditions", {}), account_id)
    text = json.dumps({**template, "Conditions": conditions, "Resources": resources}, sort_keys=True)
    return Package(template=text, archives=archives, digest=hashlib.sha256(text.encode()).hexdigest())


def _with_account_id(node: Any, account_id: str) -> Any:
    if node == {"Ref": "AWS::AccountId"}:
        return account_id
    if isinstance(node, dict):
        return {name: _with_account_id(value, account_id) for name, value in node.items()}
    if isinstance(node, list):
        return [_with_account_id(value, account_id) for value in node]
    return node


def _archive(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in sorted(_files(folder)):
            archive.writestr(zipfile.ZipInfo(name), path.read_bytes())
    return buffer.getvalue()


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    if folder.name == "dependencies":
        yield "requirements.txt", _LOCKED_DEPENDENCIES
        return
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(folder).as_posix(), path
