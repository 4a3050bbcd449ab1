"""dendroflow: from morphology to figure, one simulation per parameter point."""

import threading

from snakemake.utils import min_version

min_version("9.27")


include: "rules/common.smk"
include: "rules/plan.smk"
include: "rules/morphologies.smk"
include: "rules/appraisal.smk"
include: "rules/morphometry.smk"
include: "rules/mechanisms.smk"
include: "rules/optimisation.smk"
include: "rules/simulation.smk"
include: "rules/features.smk"
include: "rules/database.smk"
include: "rules/figures.smk"
include: "rules/tables.smk"
include: "rules/audit.smk"
include: "rules/prune.smk"


localrules:
    all,
    plan,
    morphologies,
    morphology_report,
    catalogue_report,
    morphometry,
    mechanisms,
    simulate,
    features,
    database,
    figures,
    audit,


rule all:
    """Everything: the database, the figures, and the verdict on failed points."""
    default_target: True
    input:
        # Asked for by name: Snakemake does not miss what only lies on the way to what is there.
        outcomes=rules.simulate.input.outcomes,
        database="results/dendroflow.sqlite",
        figures=rules.figures.input.figures,
        comparisons=rules.morphometry.input.comparisons,
        optimisations=rules.figures.input.optimisations,
        verdict="results/verdict.txt",
        morphologies=rules.morphology_report.input if CONFIG.project.morphology_report else [],


onsuccess:
    # Snakemake's rate limiter leaves a timer behind, for which its process would wait a second.
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.cancel()
