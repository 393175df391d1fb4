"""Reads packages in processes of their own and tells what each took: `python edxml_child.py FILE…`.

One JSON line a file: outcome, seconds of processor time, megabytes of memory above what was there before.
"""

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from adapters.ioffice.edxml import PackageError, read_package, write_package
from tests.stores import file_store


def read(file: Path, again: Path | None) -> dict[str, Any]:
    """Read one package, and write it to `again` where that is wanted."""
    with tempfile.TemporaryDirectory() as folder, file.open("rb") as source:
        store = file_store(Path(folder))
        try:
            package = read_package(source, store)
        except PackageError as error:
            return {"outcome": "refused", "problems": [str(problem) for problem in error.problems][:5]}
        if again is not None:
            with again.open("wb") as out:
                write_package(package.tree, store, out)
        return {"outcome": "read", "files": [each.size for each in package.files]}


def measured(file: Path, again: Path | None) -> None:
    """Read one in a forked process."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        before, began = peak(), time.process_time()
        told = read(file, again)
        took = {"seconds": time.process_time() - began, "megabytes": (peak() - before) / 1000}
        sys.stdout.write(json.dumps(told | took) + "\n")
        sys.stdout.flush()
    finally:
        os._exit(0)


def peak() -> int:
    """Kilobytes of memory at the highest."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    rewrite = sys.argv[1] == "--again"
    for name in sys.argv[2 if rewrite else 1 :]:
        measured(Path(name), Path(f"{name}.again") if rewrite else None)
