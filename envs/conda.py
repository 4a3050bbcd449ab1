"""Write environment.yaml, a conda environment of the pins and hashes of runtime.txt.

Snakemake copies the file of a conda environment before it makes one of it, so that it cannot refer
to runtime.txt; it has to hold everything itself.
"""

import re
from pathlib import Path

HERE = Path(__file__).parent
HEADER = """\
# The same pins and hashes as envs/runtime.txt; written by `make lock`, not by hand.
# For `snakemake --software-deployment-method conda`, or `conda env create -f` this file.
channels: [conda-forge]
dependencies:
  - python=3.11
  - gxx
  - make
  - pip
  - pip:
"""


def environment(lock: str) -> str:
    """Return the text of environment.yaml for the text of a lock that uv has written."""
    joined = re.sub(r" *\\\n *", " ", lock)
    pins = [line for line in joined.splitlines() if line and line[0] not in " #"]
    return HEADER + "".join(f"      - >-\n        {_folded(pin)}\n" for pin in pins)


def _folded(pin: str) -> str:
    """Return a pin on several lines, which YAML reads as one."""
    return pin.replace(" --hash", "\n        --hash")


if __name__ == "__main__":
    lock = (HERE / "runtime.txt").read_text(encoding="utf-8")
    (HERE / "environment.yaml").write_text(environment(lock), encoding="utf-8")
