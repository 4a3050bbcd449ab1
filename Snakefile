"""dendroflow: from morphology to figure, one simulation per parameter point."""

import threading

from snakemake.utils import min_version

min_version("9.27")


include: "rules/common.smk"
include: "rules/plan.smk"
include: "rules/models.smk"
include: "rules/morphologies.smk"
include: "rules/morphometry.smk"
include: "rules/quality.smk"
include: "rules/simulation.smk"
include: "rules/features.smk"
include: "rules/analysis.smk"
include: "rules/database.smk"
include: "rules/figures.smk"
include: "rules/report.smk"
include: "rules/audit.smk"


rule all:
    """Everything: the database, the figures, the report, and the verdict on failed points."""
    default_target: True
    input:
        # Asked for by name: Snakemake does not miss what only lies on the way to what is there.
        outcomes=df.outcomes,
        database=layout.DATABASE,
        figures=df.figures,
        report=layout.REPORT,
        explorer=layout.EXPLORER,
        scores=rules.morphometry.input,
        verdict=rules.check_failures.output,
        morphologies=rules.morphology_report.input if CONFIG.project.morphology_report else [],
    localrule: True


onsuccess:
    # Snakemake's rate limiter leaves a timer behind, for which its process would wait a second.
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.cancel()
