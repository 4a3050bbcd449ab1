"""Refuse a configuration file that would run code: `python -m dendroflow.settings FILE`.

Snakemake reads the file of `--configfile` before the Snakefile can look at it.
"""

import sys
from pathlib import Path

from dendroflow.errors import ConfigurationError
from dendroflow.settings.project import read_yaml

if __name__ == "__main__":
    try:
        read_yaml(Path(sys.argv[1]))
    except ConfigurationError as error:
        sys.exit(f"dendroflow: {error}")
