"""The folder in which the local stack keeps everything: for its owner's eyes only, and for one stack at a time."""

import fcntl
import os
from pathlib import Path

from local.settings import StartupError


class StateFolder:
    """An opened state folder. It stays locked until the process ends or `close` is called."""

    def __init__(self, path: Path) -> None:
        """Create the folder, or check it, and lock it.

        Raises:
            StartupError: It cannot be used, or another stack uses it.
        """
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.chmod(0o700)
            self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            for folder in (self.aws, self.s3, self.logs, self.temporary):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as exc:
            reason = exc.strerror or type(exc).__name__
            raise StartupError(
                f"The state folder {path} cannot be used ({reason}). Move it away, or set OWNKEY_STATE_DIR."
            ) from exc
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            os.close(self._lock)
            raise StartupError(
                f"OwnKey is already running with the state folder {path}. Stop it, or set OWNKEY_STATE_DIR."
            ) from exc

    @property
    def aws(self) -> Path:
        """The emulator's state."""
        return self.path / "aws"

    @property
    def s3(self) -> Path:
        """The emulator's S3 objects."""
        return self.path / "s3"

    @property
    def logs(self) -> Path:
        """One log a function, and the emulator's."""
        return self.path / "logs"

    @property
    def temporary(self) -> Path:
        """Temporary files of child processes."""
        return self.path / "tmp"

    @property
    def first_run(self) -> Path:
        """The first user's credentials."""
        return self.path / "first-run.json"

    @property
    def operator(self) -> Path:
        """The environment of the operator's tools, while the stack runs."""
        return self.path / "operator.env"

    def open_log(self, name: str) -> int:
        """Return a descriptor that appends to a log; the caller closes it."""
        return os.open(self.logs / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def write_private(self, path: Path, text: str) -> None:
        """Replace a file in one step; only the owner can read it."""
        unfinished = path.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        unfinished.replace(path)

    def close(self) -> None:
        """Let another stack use the folder."""
        os.close(self._lock)
