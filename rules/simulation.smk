"""Simulation: a batch of points is one job; its result never changes, so nothing reruns it."""

KEEPING_TRACES = [
    name for name, experiment in CONFIG.experiments.items() if experiment.execution.keep_traces
]


rule simulate_batch:
    """Simulate the points of one batch; a point that fails is a row, not an error."""
    input:
        plan=ancient(plan_of_new_batch),
        mechanisms=ancient(lambda wildcards: mechanisms_library(wildcards.experiment)),
        sections=ancient(batch_sections),
        requirements=ancient(lambda wildcards: requirements_file(wildcards.experiment)),
    output:
        traces="results/{experiment}/{recipe}/traces/{batch}.parquet",
        outcomes="results/{experiment}/{recipe}/outcomes/{batch}.parquet",
    log:
        "results/logs/simulate_batch/{experiment}-{recipe}-{batch}.log",
    wildcard_constraints:
        experiment=one_of(KEEPING_TRACES),
    conda:
        "../envs/environment.yaml"
    threads: lambda wildcards: batch_resources(wildcards).cores
    resources:
        mem_mb=lambda wildcards, attempt: batch_resources(wildcards, attempt).memory,
        runtime=lambda wildcards, attempt: batch_resources(wildcards, attempt).minutes,
    params:
        # The paths name the content: model, values and morphologies.
        plan=untracked(lambda wildcards: plan_path(wildcards.experiment)),
        model=untracked(lambda wildcards: str(CONFIG.model_folder(wildcards.experiment))),
        morphologies=untracked(batch_morphologies),
    message:
        "Simulating batch {wildcards.batch} of {wildcards.experiment}"
    script:
        "../scripts/simulate_batch.py"


use rule simulate_batch as simulate_and_measure_batch with:
    output:
        features="results/{experiment}/{recipe}/features/{batch}.parquet",
        outcomes="results/{experiment}/{recipe}/outcomes/{batch}.parquet",
    wildcard_constraints:
        experiment=one_of(name for name in EXPERIMENTS if name not in KEEPING_TRACES),
    params:
        plan=untracked(lambda wildcards: plan_path(wildcards.experiment)),
        model=untracked(lambda wildcards: str(CONFIG.model_folder(wildcards.experiment))),
        morphologies=untracked(batch_morphologies),
        features=untracked(declared_features),


rule simulate:
    """Simulate all points of all experiments."""
    input:
        # An ancient plan does not call for the batches that only a new one names.
        plans=expand("results/{experiment}/plan.parquet", experiment=EXPERIMENTS),
        outcomes=lambda wildcards: [
            path for name in EXPERIMENTS for path in batch_files(name, "outcomes")
        ],
