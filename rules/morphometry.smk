"""Morphometry: morphologies measured by NeuroM, and judged by tables of observations."""

COMPARISONS = CONFIG.project.morphometry


rule measure_morphology:
    """Measure a morphology once, whatever it is compared with."""
    input:
        morphology=lambda wildcards: morphology_path(wildcards.morphology),
    output:
        measures="results/morphologies/{morphology}/{pin}/morphometrics.parquet",
    log:
        "results/logs/measure_morphology/{morphology}-{pin}.log",
    benchmark:
        "results/benchmarks/measure_morphology/{morphology}-{pin}.tsv"
    conda:
        "../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=20,
    params:
        code=digest_of_library("dendroflow.morphometry.measures"),
    message:
        "Measuring morphology {wildcards.morphology}"
    script:
        "../scripts/measure_morphology.py"


rule compare_morphologies:
    """Judge morphologies by a table of observations, and draw the scores."""
    input:
        measures=lambda wildcards: [
            measures_path(name) for name in COMPARISONS[wildcards.comparison].morphologies
        ],
    output:
        scores="results/morphometry/{comparison}.parquet",
        figures=report(
            multiext("results/figures/morphometry/{comparison}", ".svg", ".pdf", ".png"),
            caption=Path("results/report/morphometry/{comparison}.rst").absolute(),
            category="Morphometry",
        ),
        caption="results/report/morphometry/{comparison}.rst",
    log:
        "results/logs/compare_morphologies/{comparison}.log",
    benchmark:
        "results/benchmarks/compare_morphologies/{comparison}.tsv"
    wildcard_constraints:
        comparison=one_of(COMPARISONS),
    conda:
        "../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        comparison=lambda wildcards: unmarked(
            COMPARISONS[wildcards.comparison].model_dump(mode="json")
        ),
        observations=lambda wildcards: unmarked(
            [
                observation.model_dump(mode="json")
                for observation in OBSERVATIONS[wildcards.comparison].values()
            ]
        ),
        code=digest_of_library("dendroflow.morphometry.scores", "dendroflow.morphometry.figure"),
    message:
        "Comparing morphologies with {wildcards.comparison}"
    script:
        "../scripts/compare_morphologies.py"


rule morphometry:
    """Compare morphologies with all tables of observations that the configuration names."""
    input:
        comparisons=expand("results/morphometry/{comparison}.parquet", comparison=COMPARISONS),
