"""Features: extracted from the traces of each batch, then joined with the requested points."""


rule extract_features:
    """Extract features and statistics from the traces of one batch."""
    input:
        plan=ancient(layout.PLAN),
        traces=ancient(df.this_batch(layout.TRACES)),
        outcomes=ancient(df.this_batch(layout.OUTCOMES)),
    output:
        features=layout.BATCH_FEATURES,
        usage=layout.usage("extract_features"),
    log:
        layout.log("extract_features"),
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: df.batch_resources(wildcards, attempt).memory,
        runtime=lambda wildcards, attempt: df.batch_resources(wildcards, attempt).minutes,
    script:
        "../scripts/extract_features.py"


rule measure_recordings:
    """Measure the recordings from which targets take their means and SDs, as simulations are."""
    output:
        recorded=layout.RECORDED,
        traces=layout.RECORDED_TRACES,
        usage=layout.usage("measure_recordings"),
    log:
        layout.log("measure_recordings"),
    localrule: True
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * 2 ** (attempt - 1),
        runtime=30,
    script:
        "../scripts/measure_recordings.py"


rule gather_features:
    """Join an experiment's requested points with their features."""
    input:
        plan=layout.PLAN,
        features=df.batches(layout.BATCH_FEATURES),
        recorded=ancient(df.recorded(layout.RECORDED)),
        morphometrics=df.morphometrics,
    output:
        features=layout.FEATURES,
        feature_values=layout.FEATURE_VALUES,
        runs=layout.RUNS,
        usage=layout.usage("gather_features"),
    log:
        layout.log("gather_features"),
    localrule: True
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * 2 ** (attempt - 1),
        runtime=lambda wildcards, attempt: 30 * 2 ** (attempt - 1),
    script:
        "../scripts/gather_features.py"


rule features:
    """Extract and gather the features of all experiments."""
    input:
        outcomes=df.outcomes,
        features=expand(layout.FEATURES, experiment=df.experiments),
    localrule: True
