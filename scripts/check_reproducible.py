"""Builds every layer and function twice, and fails when a single byte differs."""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


def digest(folder: Path) -> dict[str, str]:
    """Return what makes a built folder what it is: names, modes, dates and contents."""
    return {
        path.relative_to(folder).as_posix(): _digest_of(path) for path in sorted(folder.rglob("*")) if path.is_file()
    }


def _digest_of(path: Path) -> str:
    status = path.stat()
    return f"{status.st_mode:o} {int(status.st_mtime)} {hashlib.sha256(path.read_bytes()).hexdigest()}"


def main() -> None:
    """Compare two builds of everything."""
    functions = sorted(path.parent.relative_to(REPOSITORY).as_posix() for path in REPOSITORY.glob("functions/*/app.py"))
    for what in ("dependencies", "gateway", *functions):
        with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
            built = []
            for parent in (first, second):
                folder = Path(parent) / "built"
                script = str(REPOSITORY / "scripts" / "build_artifact.py")
                subprocess.run([sys.executable, script, what, str(folder)], check=True)
                built.append(digest(folder))
        if built[0] != built[1]:
            differing = sorted(set(built[0].items()) ^ set(built[1].items()))
            sys.exit(f"{what} differs between two builds, first in {differing[0][0]}")
        print(f"{what}: {len(built[0])} files, the same twice")


if __name__ == "__main__":
    main()
