"""Planning: which points are asked for, and which batches hold them."""


localrules:
    plan_points,


rule plan_points:
    """Write the table of an experiment's points, each with the batch that holds it."""
    output:
        plan="results/{experiment}/plan.parquet",
    log:
        "results/logs/plan_points/{experiment}.log",
    benchmark:
        "results/benchmarks/plan_points/{experiment}.tsv"
    conda:
        "../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        # Only what bears on this experiment: another's title must not plan this one anew.
        project=lambda wildcards: CONFIG.project.of(wildcards.experiment),
        source=untracked(lambda wildcards: str(CONFIG_FILE)),
        cores=untracked(lambda wildcards: CORES),
        digest=lambda wildcards: planned(wildcards.experiment).digest,
    message:
        "Planning {wildcards.experiment}"
    script:
        "../scripts/plan_points.py"


rule plan:
    """Write the tables of points of all experiments."""
    input:
        plans=expand("results/{experiment}/plan.parquet", experiment=EXPERIMENTS),
