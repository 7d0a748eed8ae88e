"""Writes requirements/*.txt from requirements/*.in: the newest releases that are a week old, with their hashes."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
COOLDOWN = timedelta(days=7)
ORDER = ("uv", "dev", "layer", "build", "catalog", "prices")
"""What runs in Lambda is constrained by what the tests ran with."""


def main() -> None:
    """Lock every file, in order."""
    now = datetime.now(UTC)
    for name in ORDER:
        subprocess.run(
            [
                str(Path(sys.executable).with_name("uv")), "pip", "compile", "--quiet", "--upgrade",
                "--universal", "--python-version", "3.11", "--generate-hashes",
                "--no-emit-index-url", "--no-emit-find-links", "--custom-compile-command", "make lock",
                *(["--no-deps"] if name == "prices" else []),  # only its data is read
                "--exclude-newer", (now - COOLDOWN).isoformat(timespec="seconds"),
                # Pinned to the one release that the local stack was written against, so its age does not matter.
                "--exclude-newer-package", f"ministack={now.isoformat(timespec='seconds')}",
                f"requirements/{name}.in", "--output-file", f"requirements/{name}.txt",
            ],
            check=True,
            cwd=REPOSITORY,
        )  # fmt: skip


if __name__ == "__main__":
    main()
