"""Tables for other programs, on demand: snakemake results/<experiment>/features.csv."""


rule export_features:
    """Write an experiment's table of points as CSV or Excel."""
    input:
        features="results/{experiment}/features.parquet",
    output:
        table="results/{experiment}/features.{format}",
    log:
        "results/logs/export_features/{experiment}.{format}.log",
    wildcard_constraints:
        experiment=one_of(EXPERIMENTS),
        format="csv|xlsx",
    conda:
        "../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        code=digest_of_library("dendroflow.tables.exports"),
    message:
        "Writing the points of {wildcards.experiment} as {wildcards.format}"
    script:
        "../scripts/export_features.py"


rule export_traces:
    """Write all samples of an experiment as CSV or Excel."""
    input:
        features="results/{experiment}/features.parquet",
        traces=traces_to_export,
    output:
        table="results/{experiment}/traces.{format}",
    log:
        "results/logs/export_traces/{experiment}.{format}.log",
    wildcard_constraints:
        experiment=one_of(EXPERIMENTS),
        format="csv|xlsx",
    conda:
        "../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        code=digest_of_library("dendroflow.tables.exports"),
    message:
        "Writing the traces of {wildcards.experiment} as {wildcards.format}"
    script:
        "../scripts/export_traces.py"
