"""Planning: which points are asked for, and which batches hold them."""


localrules:
    plan_points,


rule plan_points:
    """Put the table of an experiment's points, which Snakemake made when it started, in place."""
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
        mem_mb=100,
        runtime=10,
    params:
        kept=lambda wildcards: f"results/{wildcards.experiment}/plans/"
        f"{planned(wildcards.experiment).digest}.parquet",
    message:
        "Planning {wildcards.experiment}"
    shell:
        "cp {params.kept:q} {output.plan:q}.part 2>{log:q} && mv {output.plan:q}.part {output.plan:q}"


rule plan:
    """Write the tables of points of all experiments."""
    input:
        plans=expand("results/{experiment}/plan.parquet", experiment=EXPERIMENTS),
