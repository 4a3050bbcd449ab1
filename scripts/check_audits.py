"""Fail if a point came out otherwise when it was simulated again.

Reads   input.audits; params.experiments
Writes  output.verdict: a line per experiment
"""

from pathlib import Path

from dendroflow.files import replacing
from dendroflow.jobs.job import job, logger
from dendroflow.tables.audits import check_audits
from dendroflow.tables.tables import leave_pandas_out

if __name__ == "__main__":
    with job(snakemake.log[0]):
        leave_pandas_out()
        audits = zip(snakemake.params.experiments, map(Path, snakemake.input.audits), strict=True)
        said = check_audits(dict(audits))
        logger.info("%s", said)
        with replacing(Path(snakemake.output.verdict)) as temporary:
            temporary.write_text(said, encoding="utf-8")
