"""Simulate one point, and write its features."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import rivals

rivals.prepare(snakemake.params.case)
found = rivals.RUNS[snakemake.params.case](snakemake.params["values"])
Path(snakemake.output[0]).write_text(json.dumps(found), encoding="utf-8")
