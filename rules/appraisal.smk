"""Morphologies: appraised one by one, reported together, and held against what experiments ask."""


localrules:
    check_requirements,


for experiment in EXPERIMENTS:
    if requirements_file(experiment) and not planned(experiment).morphologies():
        sys.exit(
            f"{CONFIG.experiment_file(experiment)}: morphology_requires: none of its points has a "
            "morphology; remove the key"
        )


rule appraise_morphology:
    """Make all checks of one morphology, and draw its portrait."""
    input:
        morphology=lambda wildcards: morphology_path(wildcards.morphology),
        metadata=lambda wildcards: f"{morphology_path(wildcards.morphology)}.json",
    output:
        findings="results/quality/{morphology}/{pin}/findings.parquet",
        pictures=[
            "results/quality/{morphology}/{pin}/portrait.png",
            "results/quality/{morphology}/{pin}/portrait.pdf",
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
        settings=CONFIG.appraisal.model_dump_json(exclude={"uses"}),
        neuron=NEURON_VERSION,
        code=digest_of_library("dendroflow.quality.checks", "dendroflow.quality.picture"),
    message:
        "Appraising morphology {wildcards.morphology}"
    script:
        "../scripts/appraise_morphology.py"


rule report_morphologies:
    """Report on morphologies: a page, and tables of findings and of verdicts."""
    input:
        findings=lambda wildcards: [
            appraisal_path(name, "findings.parquet") for name in reported_names(wildcards)
        ],
        pictures=lambda wildcards: [
            appraisal_path(name, "portrait.png") for name in reported_names(wildcards)
        ],
    output:
        page="results/quality/{scope}.html",
        findings="results/quality/{scope}.findings.parquet",
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
        settings=APPRAISAL,
        code=digest_of_library("dendroflow.quality.page", "dendroflow.quality.tables"),
    message:
        "Reporting on morphologies"
    script:
        "../scripts/report_morphologies.py"


rule check_requirements:
    """Fail if a morphology of an experiment does not meet what the experiment requires."""
    input:
        findings=lambda wildcards: [
            appraisal_path(name, "findings.parquet")
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
        settings=APPRAISAL,
        code=digest_of_library("dendroflow.quality.judgement"),
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
