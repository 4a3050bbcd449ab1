"""Figures: all those of an experiment in one job, in one folder."""


rule render_figures:
    """Draw all figures of an experiment, and where it optimises, those of its search."""
    input:
        features=layout.FEATURES,
        feature_values=layout.FEATURE_VALUES,
        runs=layout.RUNS,
        traces=df.traces_to_draw,
        history=df.history,
        sensitivity=df.sensitivity,
        recorded=ancient(df.recorded(layout.RECORDED_TRACES)),
    output:
        figures=report(
            directory(layout.FIGURES),
            patterns=["{figure}.{kind,svg|png|pdf|html}"],
            category="{experiment}",
        ),
        usage=layout.usage("render_figures"),
    log:
        layout.log("render_figures"),
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * 2 ** (attempt - 1),
        runtime=lambda wildcards, attempt: 30 * 2 ** (attempt - 1),
    params:
        settings=df.uses("title", "figures", "style"),
        code=lambda wildcards: code_digest("figures"),
    script:
        "../scripts/render_figures.py"


rule compose_figures:
    """Draw figures of several experiments on one page, as a paper prints them."""
    input:
        tables=df.composed,
        traces=df.composed_traces,
        recorded=ancient(df.composed_recordings),
    output:
        figures=report(
            directory(layout.PANELS),
            patterns=["{figure}.{kind,svg|png|pdf}"],
            category="Panels",
        ),
        usage=layout.usage("compose_figures"),
    log:
        layout.log("compose_figures"),
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * 2 ** (attempt - 1),
        runtime=lambda wildcards, attempt: 30 * 2 ** (attempt - 1),
    params:
        settings=df.uses("title", "figures", "project.panels"),
        code=lambda wildcards: code_digest("figures"),
    script:
        "../scripts/compose_figures.py"


rule figures:
    """Draw the figures of all experiments."""
    input:
        outcomes=df.outcomes,
        figures=df.figures,
    localrule: True
