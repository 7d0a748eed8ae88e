"""Finds a Python 3.13 that runs: Lambda loads no bytecode that another version compiled."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

VERSION = "3.13"


class NoPythonError(Exception):
    """There is no Python 3.13 on this machine."""


def find_python() -> str:
    """Return the path of a Python 3.13; raises NoPythonError when there is none."""
    for candidate in _candidates():
        if _runs(candidate):
            return candidate
    raise NoPythonError(
        f"The build compiles bytecode and needs Python {VERSION}: install it (for instance with"
        f" `uv python install {VERSION}`), or set OWNKEY_BUILD_PYTHON to its path."
    )


def _candidates() -> Iterator[str]:
    chosen = os.environ.get("OWNKEY_BUILD_PYTHON")
    if chosen:
        yield chosen
        return
    for folder in os.get_exec_path():
        yield str(Path(folder) / f"python{VERSION}")
    for root in (os.environ.get("PYENV_ROOT"), Path.home() / ".pyenv"):
        if root:
            yield from sorted(map(str, Path(root).glob(f"versions/{VERSION}*/bin/python{VERSION}")), reverse=True)
    uv = shutil.which("uv") or str(Path(__file__).resolve().parent.parent / ".venv" / "bin" / "uv")
    if Path(uv).is_file():
        found = subprocess.run([uv, "python", "dir"], capture_output=True, text=True, check=False).stdout.strip()
        yield from sorted(map(str, Path(found).glob(f"*{VERSION}*/bin/python{VERSION}")), reverse=True)


def _runs(candidate: str) -> bool:
    """Return whether it is there and is what its name says: version managers leave stand-ins that are not."""
    if not Path(candidate).is_file():
        return False
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    answer = subprocess.run([candidate, "-I", "-c", ask], capture_output=True, text=True, check=False)
    return answer.returncode == 0 and answer.stdout.strip() == VERSION
