"""The bus as a child process of the demo: `python -m commands.serving SETTINGS`."""

import sys
from pathlib import Path

from commands.serve import serve
from commands.tell import told

if __name__ == "__main__":
    with told():
        sys.exit(serve(Path(sys.argv[1])))
