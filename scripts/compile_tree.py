"""Compiles a folder to bytecode, one file after the other, so that two builds give the same bytes.

Run by the Python whose bytecode it shall be: `python3.13 compile_tree.py FOLDER PATH_IN_LAMBDA`. Bytecode is marked as
checked by nobody: Lambda's disk is read-only, so the source beside it cannot change.
"""

import py_compile
import sys
from pathlib import Path


def main() -> None:
    """Compile every module below the folder."""
    folder, path_in_lambda = Path(sys.argv[1]), sys.argv[2]
    for source in sorted(folder.rglob("*.py")):
        py_compile.compile(
            str(source),
            dfile=f"{path_in_lambda}/{source.relative_to(folder).as_posix()}",
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )


if __name__ == "__main__":
    main()
