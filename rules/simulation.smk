"""Simulation: a batch of points is one job; its result never changes, so nothing reruns it."""


rule simulate_batch:
    """Simulate the points of one batch; a point that fails is a row, not an error."""
    input:
        plan=ancient(layout.PLAN),
        model=ancient(df.model_copy),
        mechanisms=ancient(df.mechanisms),
        sections=ancient(df.sections),
        requirements=ancient(df.requirements),
        # Of other batches, on whose searches its runs depend.
        searches=ancient(df.searches),
    output:
        traces=layout.TRACES,
        outcomes=layout.OUTCOMES,
        usage=layout.usage("simulate_batch"),
    log:
        layout.log("simulate_batch"),
    wildcard_constraints:
        experiment=one_of(df.keeping_traces),
    conda:
        "../envs/environment.yaml"
    threads: lambda wildcards: df.batch_resources(wildcards).cores
    resources:
        mem_mb=lambda wildcards, attempt: df.batch_resources(wildcards, attempt).memory,
        runtime=lambda wildcards, attempt: df.batch_resources(wildcards, attempt).minutes,
    script:
        "../scripts/simulate_batch.py"


use rule simulate_batch as simulate_and_measure_batch with:
    output:
        features=layout.FEATURES_ALONE,
        outcomes=layout.OUTCOMES,
        usage=layout.usage("simulate_batch"),
    wildcard_constraints:
        experiment=one_of(set(df.experiments).difference(df.keeping_traces)),


rule simulate:
    """Simulate all points of all experiments."""
    input:
        # An ancient plan does not call for the batches that only a new one names.
        plans=expand(layout.PLAN, experiment=df.experiments),
        outcomes=df.outcomes,
    localrule: True


rule optimise:
    """Search for the parameters of an experiment, a generation at a time on all cores."""
    input:
        model=ancient(df.model_copy),
        mechanisms=ancient(df.mechanisms),
        sections=ancient(df.sections),
        requirements=ancient(df.requirements),
        recorded=ancient(df.recorded(layout.RECORDED)),
    output:
        history=layout.HISTORY,
        usage=layout.usage("optimise"),
    log:
        layout.log("optimise"),
    conda:
        "../envs/environment.yaml"
    threads: df.cores_of_job
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 240 * attempt,
    script:
        "../scripts/optimise.py"
