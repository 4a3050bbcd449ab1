"""Optimisation: a search for parameters, whose best individual is then a point like any other."""

OPTIMISATION_FILES = {
    name: [
        f"results/figures/{name}/{figure.name}.{suffix}"
        for figure in OPTIMISATION_FIGURES
        for suffix in PRINT_FORMATS
    ]
    for name in OPTIMISING
}


rule optimise:
    """Search for the parameters of an experiment, a generation at a time on all cores."""
    input:
        mechanisms=ancient(lambda wildcards: mechanisms_library(wildcards.experiment)),
        sections=ancient(
            lambda wildcards: [sections_path(name) for name in fixed_morphologies(wildcards)]
        ),
        requirements=ancient(lambda wildcards: requirements_file(wildcards.experiment)),
    output:
        history="results/{experiment}/{recipe}/optimisation/{search}/history-{generations}.parquet",
    log:
        "results/logs/optimise/{experiment}-{recipe}-{search}-{generations}.log",
    conda:
        "../envs/environment.yaml"
    threads: cores_of_job
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        # The path names the content, and is compared with what these give.
        project=untracked(lambda wildcards: CONFIG.project.of(wildcards.experiment)),
        source=untracked(lambda wildcards: str(CONFIG_FILE)),
        morphologies=untracked(fixed_morphologies),
    message:
        "Optimising {wildcards.experiment}"
    script:
        "../scripts/optimise.py"


for experiment in OPTIMISING:

    rule:
        """Draw the course of a search and what it found."""
        name:
            f"draw_optimisation_{experiment}"
        input:
            # Without it, figures of a search that is asked for again would stay as they are.
            plan=f"results/{experiment}/plan.parquet",
            history=lambda wildcards, experiment=experiment: history_file(experiment),
        output:
            figures=[
                figure_output(experiment, figure, f"{figure.name}.{suffix}")
                for figure in OPTIMISATION_FIGURES
                for suffix in PRINT_FORMATS
            ],
            captions=[caption_file(experiment, figure) for figure in OPTIMISATION_FIGURES],
        log:
            f"results/logs/draw_optimisation/{experiment}.log",
        conda:
            "../envs/environment.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=30,
        params:
            title=unmarked(CONFIG.experiments[experiment].title),
            code=digest_of_library("dendroflow.figures.optimisation"),
        message:
            f"Drawing the optimisation of {experiment}"
        script:
            "../scripts/draw_optimisation.py"
