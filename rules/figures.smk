"""Figures: all those of an experiment in one job."""

for experiment in [name for name in EXPERIMENTS if FIGURES[name]]:

    rule:
        """Draw all figures of one experiment, in one process."""
        name:
            f"render_figures_{experiment}"
        input:
            plan=f"results/{experiment}/plan.parquet",
            features=f"results/{experiment}/features.parquet",
            traces=lambda wildcards, experiment=experiment: figure_traces(experiment),
        output:
            figures=[
                figure_output(experiment, figure, file) for figure, file in FIGURES[experiment]
            ],
            captions=[
                caption_file(experiment, figure)
                for figure in CONFIG.experiments[experiment].figures
            ],
        log:
            f"results/logs/render_figures/{experiment}.log",
        conda:
            "../envs/environment.yaml"
        threads: 1
        resources:
            mem_mb=lambda wildcards, attempt: 2000 * 2 ** (attempt - 1),
            runtime=lambda wildcards, attempt: 30 * 2 ** (attempt - 1),
        params:
            title=unmarked(CONFIG.experiments[experiment].title),
            figures=unmarked(
                CONFIG.experiments[experiment].model_dump(mode="json", include={"figures"})
            ),
            code=digest_of_library("dendroflow.figures.render"),
        message:
            f"Drawing the figures of {experiment}"
        script:
            "../scripts/render_figures.py"


rule figures:
    """Draw the figures of all experiments."""
    input:
        outcomes=rules.simulate.input.outcomes,
        figures=[
            f"results/figures/{name}/{file}" for name in EXPERIMENTS for _, file in FIGURES[name]
        ],
        optimisations=[file for name in OPTIMISING for file in OPTIMISATION_FILES[name]],
