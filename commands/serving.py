"""The bus as a child process of demo and drill: `python -m commands.serving SETTINGS [CONNECTOR…]`."""

import sys
from pathlib import Path

from commands.drill_clock import mend_sleep
from commands.serve import serve
from commands.tell import told

if __name__ == "__main__":
    mend_sleep()
    with told():
        sys.exit(serve(Path(sys.argv[1]), frozenset(sys.argv[2:])))
