"""A workflow of somebody else's that uses dendroflow as a module, with a rule of its own."""

from pathlib import Path

from workflow.workspace import CHECKOUT, Workspace

OUTER = """\
{before}

module dendroflow:
    snakefile: {snakefile!r}
    {module}


use rule * from dendroflow


{own}
"""
BEFORE = 'configfile: "config/config.yaml"\n'
OWN = """\
rule paper:
    default_target: True
    input:
        database="{prefix}results/dendroflow.sqlite",
    output:
        "paper.txt",
    script:
        "paper.py"
"""
SCRIPT = """\
import sqlite3
from contextlib import closing

with closing(sqlite3.connect(snakemake.input.database)) as database:
    rows = database.execute("SELECT amplitude, soma_v_maximum FROM steps").fetchall()
with open(snakemake.output[0], "w") as file:
    file.write(str(rows))
"""


def with_outer(
    workspace: Workspace,
    *module: str,
    before: str = BEFORE,
    own: str = OWN,
    prefix: str = "",
    checkout: Path = CHECKOUT,
) -> Workspace:
    """Write a Snakefile that has these lines in its `module`, and let runs use it."""
    lines = [*module, *([f"prefix: {prefix!r}"] if prefix else [])]
    snakefile = str(checkout / "Snakefile")
    text = OUTER.format(
        before=before,
        snakefile=snakefile,
        module="\n    ".join(lines),
        own=own.replace("{prefix}", f"{prefix}/" if prefix else ""),
    )
    workspace.snakefile = workspace.folder / "Snakefile"
    workspace.snakefile.write_text(text, encoding="utf-8")
    (workspace.folder / "paper.py").write_text(SCRIPT, encoding="utf-8")
    return workspace
