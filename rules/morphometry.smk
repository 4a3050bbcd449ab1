"""Morphometry: morphologies measured by NeuroM, and judged by tables of observations."""


rule measure_morphology:
    """Measure a morphology once, whatever it is compared with."""
    input:
        morphology=df.of_this_morphology(layout.MORPHOLOGY),
    output:
        measures=layout.MORPHOMETRICS,
        usage=layout.usage("measure_morphology"),
    log:
        layout.log("measure_morphology"),
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=1000,
        runtime=20,
    params:
        code=lambda wildcards: code_digest("analysis/morphometrics.py"),
    script:
        "../scripts/measure_morphology.py"


rule compare_morphologies:
    """Judge morphologies by a table of observations, and draw the scores."""
    input:
        measures=df.compared,
    output:
        scores=layout.MORPHOMETRY_SCORES,
        figures=report(
            expand(
                layout.MORPHOMETRY_FIGURE,
                image=CONFIG.project.style.formats,
                allow_missing=True,
            ),
            category="Morphometry",
        ),
        usage=layout.usage("compare_morphologies"),
    log:
        layout.log("compare_morphologies"),
    wildcard_constraints:
        comparison=one_of(CONFIG.project.morphometry),
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        settings=df.uses("project.morphometry", "project.style", "observations"),
        code=lambda wildcards: code_digest(
            "analysis/scores.py", "analysis/scores_figure.py", "figures"
        ),
    script:
        "../scripts/compare_morphologies.py"


rule morphometry:
    """Compare morphologies with all tables of observations that the configuration names."""
    input:
        scores=expand(layout.MORPHOMETRY_SCORES, comparison=CONFIG.project.morphometry),
    localrule: True
