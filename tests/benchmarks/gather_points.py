"""Put all points into one database."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import rivals

rows = [json.loads(Path(path).read_text(encoding="utf-8")) for path in snakemake.input]
points = rivals.read(snakemake.params.points, len(rows))
rivals.store(points, rows, snakemake.output[0])
