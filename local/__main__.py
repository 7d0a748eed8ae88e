"""`make run`."""

import asyncio
import os
import sys

from local.settings import LocalSettings, StartupError
from local.stack import run


def main() -> int:
    """Run the local stack; returns the exit code."""
    os.umask(0o077)
    try:
        asyncio.run(run(LocalSettings.from_environment(os.environ)))
    except StartupError as error:
        print(f"make run: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
