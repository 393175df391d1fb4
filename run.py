#!/usr/bin/env python3
"""Liên Thông: the command line. On a bare machine it first makes its own environment, then starts in it.

This file is readable by any Python 3, so that one which is too old gets a sentence and no syntax error.
"""

import sys
from pathlib import Path


def start() -> None:
    """Enter the project's environment (made where it is missing), then run the command."""
    if sys.version_info < (3, 11):  # noqa: UP036 -- whoever starts it may have an older one: tell them
        sys.exit("Liên Thông needs Python 3.11 or newer; this is {}.{}.".format(*sys.version_info[:2]))
    from deploy.local.bootstrap import enter  # noqa: PLC0415 -- not readable by an older Python

    enter(Path(__file__).resolve().parent, sys.argv[1:])
    from commands.main import main  # noqa: PLC0415 -- its libraries are there only now

    main()


if __name__ == "__main__":
    start()
