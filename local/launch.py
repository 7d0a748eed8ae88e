"""Becomes another program, which the kernel ends together with our parent: `launch.py PARENT_PID PROGRAM ARGUMENT…`."""

import contextlib
import ctypes
import os
import signal
import sys

SET_PARENT_DEATH_SIGNAL = 1


def main() -> None:
    """Replace this process by the program in the arguments."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        # Elsewhere a worker ends when it asks for its next event and nobody is there.
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != int(parent):
        sys.exit("the local stack has ended")
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main()
