"""Builds what goes into one layer or function: `build_artifact.py dependencies|gateway|functions/NAME FOLDER`.

`sam build` runs it through the makefiles beside the code. Nothing needs Docker: the packages are wheels for Lambda's
platform, checked against their hashes, and everything else is Python. Building twice gives the same bytes.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from scripts.python313 import VERSION, NoPythonError, find_python  # noqa: E402

PLATFORM = "aarch64-manylinux2014"
TIMESTAMP = 315532800  # 1980, the first year that a zip can hold
AWS_SERVICES = frozenset({"bedrock-runtime", "cognito-idp", "dynamodb", "kms", "sesv2", "sts"})
"""The services whose description is kept of botocore: the functions call no other. A test compares it with the code."""
_NOT_NEEDED = ("*.dist-info/RECORD", "*.dist-info/INSTALLER", "*.dist-info/REQUESTED", "*.dist-info/direct_url.json")


def build_dependencies(folder: Path) -> None:
    """Install the locked packages of requirements/layer.txt."""
    target = folder / "python"
    subprocess.run(
        [
            _uv(), "pip", "install", "--quiet", "--target", str(target), "--python", find_python(),
            "--python-platform", PLATFORM, "--python-version", VERSION, "--only-binary", ":all:",
            "--require-hashes", "--no-deps", "--link-mode", "copy",
            "--requirement", str(REPOSITORY / "requirements" / "layer.txt"),
        ],
        check=True,
    )  # fmt: skip
    _prune(target)
    _compile(target, "/opt/python")


def build_gateway(folder: Path) -> None:
    """Copy our own package, and the wrapper that starts the streaming runtime."""
    source = REPOSITORY / "layers" / "gateway"
    target = folder / "python" / "ownkey"
    shutil.copytree(source / "ownkey", target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    shutil.copy(source / "streaming-runtime", folder / "streaming-runtime")
    _compile(folder / "python", "/opt/python")


def build_function(name: str, folder: Path) -> None:
    """Copy one function's own code."""
    ignored = shutil.ignore_patterns("__pycache__", "Makefile")
    shutil.copytree(REPOSITORY / name, folder, ignore=ignored, dirs_exist_ok=True)
    _compile(folder, "/var/task")


def _prune(target: Path) -> None:
    for pattern in _NOT_NEEDED:
        for path in target.glob(pattern):
            path.unlink()
    for leftover in (target / "bin", target / ".lock"):
        if leftover.is_dir():
            shutil.rmtree(leftover)
        else:
            leftover.unlink(missing_ok=True)
    for service in (target / "botocore" / "data").iterdir():
        if service.is_dir() and service.name not in AWS_SERVICES:
            shutil.rmtree(service)
    shutil.rmtree(target / "boto3" / "examples", ignore_errors=True)


def _compile(folder: Path, path_in_lambda: str) -> None:
    script = REPOSITORY / "scripts" / "compile_tree.py"
    command = [find_python(), "-I", str(script), str(folder), path_in_lambda]
    subprocess.run(command, check=True, env={"PYTHONHASHSEED": "0", "PATH": os.defpath})


def _settle(folder: Path) -> None:
    """Give every file the same date and its plain mode."""
    for path in [folder, *folder.rglob("*")]:
        executable = path.is_dir() or path.name == "streaming-runtime"
        path.chmod(0o755 if executable else 0o644)
        os.utime(path, (TIMESTAMP, TIMESTAMP))


def _uv() -> str:
    candidates = [REPOSITORY / ".venv" / "bin" / "uv", REPOSITORY / ".venv-build" / "bin" / "uv"]
    found = next((str(path) for path in candidates if path.is_file()), None) or shutil.which("uv")
    if found is None:
        sys.exit("build: uv is missing; run `make build`, which sets it up")
    return found


def main() -> None:
    """Build one artifact into a folder that is empty or does not exist."""
    what, folder = sys.argv[1], Path(sys.argv[2])
    try:
        if what == "dependencies":
            build_dependencies(folder)
        elif what == "gateway":
            build_gateway(folder)
        else:
            build_function(what, folder)
    except NoPythonError as error:
        sys.exit(f"build: {error}")
    _settle(folder)


if __name__ == "__main__":
    main()
