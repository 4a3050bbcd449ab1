"""Planning: which points are asked for, and which batches hold them."""


localrules:
    plan_points,
    plan_individuals,


rule plan_points:
    """Put the table of an experiment's points, which Snakemake made when it started, in place."""
    output:
        plan="results/{experiment}/plan.parquet",
    log:
        "results/logs/plan_points/{experiment}.log",
    benchmark:
        "results/benchmarks/plan_points/{experiment}.tsv"
    wildcard_constraints:
        experiment=one_of(name for name in EXPERIMENTS if name not in OPTIMISING),
    conda:
        "../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=100,
        runtime=10,
    params:
        kept=kept_plan,
    message:
        "Planning {wildcards.experiment}"
    shell:
        "cp {params.kept:q} {output.plan:q}.part 2>{log:q} && mv {output.plan:q}.part {output.plan:q}"


rule plan_individuals:
    """Put the plan of an optimisation in place, with the points that it has found."""
    input:
        history=lambda wildcards: history_file(wildcards.experiment),
    output:
        plan="results/{experiment}/plan.parquet",
    log:
        "results/logs/plan_individuals/{experiment}.log",
    wildcard_constraints:
        experiment=one_of(OPTIMISING),
    conda:
        "../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        kept=kept_plan,
    message:
        "Planning the individuals of {wildcards.experiment}"
    script:
        "../scripts/plan_individuals.py"


rule plan:
    """Write the tables of points of all experiments."""
    input:
        plans=expand("results/{experiment}/plan.parquet", experiment=EXPERIMENTS),
