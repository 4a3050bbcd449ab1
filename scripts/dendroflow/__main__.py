"""The same as the command `dendroflow`, where it is not installed: `python -m dendroflow`."""

import sys

from dendroflow.commands.cli import main

if __name__ == "__main__":
    sys.exit(main())
