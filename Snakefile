"""dendroflow: from morphology to figure, one simulation per parameter point."""

from snakemake.utils import min_version

min_version("9.27")

if not workflow.overwrite_configfiles:

    configfile: f"{workflow.basedir}/config/config.yaml"


include: "rules/common.smk"
include: "rules/plan.smk"
include: "rules/morphologies.smk"
include: "rules/mechanisms.smk"
include: "rules/simulation.smk"
include: "rules/features.smk"
include: "rules/database.smk"
include: "rules/figures.smk"


localrules:
    all,
    plan,
    morphologies,
    mechanisms,
    simulate,
    features,
    database,
    figures,


rule all:
    """Everything: the database, the figures, and the verdict on failed points."""
    default_target: True
    input:
        database=rules.database.input,
        figures=rules.figures.input,
        failures="results/failures.csv",
