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
    conda:
        "../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=20,
    params:
        code=digest_of_library("dendroflow.analysis.morphometrics"),
    message:
        "Measuring morphology {wildcards.morphology}"
    script:
        "../scripts/measure_morphology.py"


for comparison in COMPARISONS:

    rule:
        """Judge morphologies by a table of observations, and draw the scores."""
        name:
            f"compare_morphologies_{comparison}"
        input:
            measures=[measures_path(name) for name in COMPARISONS[comparison].morphologies],
        output:
            scores=f"results/morphometry/{comparison}.parquet",
            figures=report(
                multiext(f"results/figures/morphometry/{comparison}", ".svg", ".pdf", ".png"),
                # No wildcard: Snakemake looks for a caption of exactly this name.
                caption=Path(f"results/report/morphometry/{comparison}.rst").absolute(),
                category="Morphometry",
            ),
            caption=f"results/report/morphometry/{comparison}.rst",
        log:
            f"results/logs/compare_morphologies/{comparison}.log",
        conda:
            "../envs/environment.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=20,
        params:
            comparison=unmarked(COMPARISONS[comparison].model_dump(mode="json")),
            observations=unmarked(
                [
                    observation.model_dump(mode="json")
                    for observation in OBSERVATIONS[comparison].values()
                ]
            ),
            code=digest_of_library(
                "dendroflow.analysis.scores", "dendroflow.analysis.scores_figure"
            ),
        message:
            f"Comparing morphologies with {comparison}"
        script:
            "../scripts/compare_morphologies.py"


rule morphometry:
    """Compare morphologies with all tables of observations that the configuration names."""
    input:
        comparisons=expand("results/morphometry/{comparison}.parquet", comparison=COMPARISONS),
