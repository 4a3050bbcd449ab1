"""What the command `dendroflow` does, a module for each of its commands."""

from pathlib import Path

import dendroflow

# In the working directory.
CONFIG = Path("config/config.yaml")
RESULTS = Path("results")
# Where rules, profiles, locks and the template of a repository lie.
WORKFLOW = dendroflow.snakefile().parent
