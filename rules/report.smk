"""The page that a reader opens first."""


rule write_report:
    """Write what was asked, what came out, and how to cite it, into one page with all figures."""
    input:
        database=layout.DATABASE,
        figures=df.figures,
        compared=expand(
            layout.MORPHOMETRY_FIGURE,
            comparison=CONFIG.project.morphometry,
            image=CONFIG.project.style.formats,
        ),
        quality=rules.morphology_report.input if CONFIG.project.morphology_report else [],
    output:
        report=layout.REPORT,
        usage=layout.usage("write_report"),
    log:
        layout.log("write_report"),
    localrule: True
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=df.uses("title", "description", "figures", "project.morphometry", "project.panels"),
        code=lambda wildcards: code_digest("report"),
    script:
        "../scripts/write_report.py"


rule write_explorer:
    """Write the page on which points and traces are selected."""
    input:
        features=expand(layout.FEATURES, experiment=df.experiments),
        runs=expand(layout.RUNS, experiment=df.experiments),
        traces=df.traces_to_explore,
    output:
        explorer=layout.EXPLORER,
        usage=layout.usage("write_explorer"),
    log:
        layout.log("write_explorer"),
    localrule: True
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        settings=df.uses("title"),
        code=lambda wildcards: code_digest("report"),
    script:
        "../scripts/write_explorer.py"
