"""Features: extracted from the traces of each batch, then joined with the requested points."""


localrules:
    gather_features,


rule extract_features:
    """Extract features and statistics from the traces of one batch."""
    input:
        traces="results/{experiment}/{recipe}/traces/{batch}.parquet",
        outcomes="results/{experiment}/{recipe}/outcomes/{batch}.parquet",
    output:
        features="results/{experiment}/{recipe}/features/{measures}/{batch}.parquet",
    log:
        "results/logs/extract_features/{experiment}-{recipe}-{measures}-{batch}.log",
    conda:
        "../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: batch_resources(wildcards, attempt).memory,
        runtime=lambda wildcards, attempt: batch_resources(wildcards, attempt).minutes,
    params:
        features=untracked(declared_features),
    message:
        "Extracting features of batch {wildcards.batch} of {wildcards.experiment}"
    script:
        "../scripts/extract_features.py"


rule gather_features:
    """Join an experiment's requested points with their features."""
    input:
        plan="results/{experiment}/plan.parquet",
        features=lambda wildcards: batch_files(wildcards.experiment, "features"),
    output:
        features="results/{experiment}/features.parquet",
        feature_values="results/{experiment}/feature_values.parquet",
    log:
        "results/logs/gather_features/{experiment}.log",
    conda:
        "../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * 2 ** (attempt - 1),
        runtime=lambda wildcards, attempt: 30 * 2 ** (attempt - 1),
    params:
        # Not sorted: the order of axes is that of a design's columns.
        declared=lambda wildcards: json.dumps(experiment_facts(wildcards.experiment)).replace(
            "<", "\\u003c"
        ),
        configuration=str(CONFIG_FILE),
        code=digest_of_library("dendroflow.tables.gathering"),
    message:
        "Gathering the features of {wildcards.experiment}"
    script:
        "../scripts/gather_features.py"


rule features:
    """Extract and gather the features of all experiments."""
    input:
        outcomes=rules.simulate.input.outcomes,
        features=expand("results/{experiment}/features.parquet", experiment=EXPERIMENTS),
