"""Running Snakemake on a configuration of the checkout, in a folder elsewhere."""

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


def snakemake(folder, configuration, *arguments):
    """Run Snakemake in `folder` on `config/<configuration>`; its output is in `stdout`."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "--snakefile", CHECKOUT / "Snakefile"),
            *("--workflow-profile", CHECKOUT / "profiles" / "default", "--directory", folder),
            *("--configfile", CHECKOUT / "config" / configuration, "--cores", "2", *arguments),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1500,
        check=False,
    )
