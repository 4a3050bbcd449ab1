"""Quality of morphologies: checked one by one, reported, compared with what experiments ask for."""


localrules:
    check_requirements,


for experiment in EXPERIMENTS:
    if requirements_file(experiment) and not planned(experiment).morphologies():
        sys.exit(
            f"{CONFIG.experiment_file(experiment)}: morphology_requires: none of its points has a "
            "morphology; remove the key"
        )


rule appraise_morphology:
    """Make all checks of one morphology, and draw it."""
    input:
        morphology=lambda wildcards: morphology_path(wildcards.morphology),
        metadata=lambda wildcards: f"{morphology_path(wildcards.morphology)}.json",
    output:
        checks="results/quality/{morphology}/{pin}/checks.parquet",
        pictures=[
            "results/quality/{morphology}/{pin}/picture.png",
            "results/quality/{morphology}/{pin}/picture.pdf",
        ],
    log:
        "results/logs/appraise_morphology/{morphology}-{pin}.log",
    conda:
        "../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=CONFIG.quality.model_dump_json(exclude={"uses"}),
        neuron=NEURON_VERSION,
        code=digest_of_library("dendroflow.quality.checks", "dendroflow.quality.picture"),
    message:
        "Checking morphology {wildcards.morphology}"
    script:
        "../scripts/appraise_morphology.py"


rule report_morphologies:
    """Report on morphologies: a page, and tables of checks and of suitability."""
    input:
        checks=lambda wildcards: [
            quality_path(name, "checks.parquet") for name in reported_names(wildcards)
        ],
        pictures=lambda wildcards: [
            quality_path(name, "picture.png") for name in reported_names(wildcards)
        ],
    output:
        page="results/quality/{scope}.html",
        checks="results/quality/{scope}.checks.parquet",
        uses="results/quality/{scope}.uses.parquet",
    log:
        "results/logs/report_morphologies/{scope}.log",
    wildcard_constraints:
        scope="morphologies|catalogue",
    conda:
        "../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        names=reported_names,
        settings=QUALITY,
        code=digest_of_library("dendroflow.quality.page", "dendroflow.quality.tables"),
    message:
        "Reporting on morphologies"
    script:
        "../scripts/report_morphologies.py"


rule check_requirements:
    """Fail if a morphology of an experiment does not meet what the experiment requires."""
    input:
        checks=lambda wildcards: [
            quality_path(name, "checks.parquet")
            for name in planned(wildcards.experiment).morphologies()
        ],
    output:
        requirements="results/quality/requirements/{experiment}.txt",
    log:
        "results/logs/check_requirements/{experiment}.log",
    conda:
        "../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        names=lambda wildcards: list(planned(wildcards.experiment).morphologies()),
        requirements=lambda wildcards: unmarked(
            CONFIG.experiments[wildcards.experiment].morphology_requires.model_dump(mode="json")
        ),
        settings=QUALITY,
        code=digest_of_library("dendroflow.quality.suitability"),
    message:
        "Checking the morphologies of {wildcards.experiment}"
    script:
        "../scripts/check_requirements.py"


rule morphology_report:
    """Report on the morphologies that the configuration's experiments need."""
    input:
        page="results/quality/morphologies.html",


rule catalogue_report:
    """Report on all morphologies of the catalogue."""
    input:
        page="results/quality/catalogue.html",
