"""The database of all experiments, and the verdict on points that failed."""


localrules:
    build_database,
    check_failures,


rule build_database:
    """Build the SQLite database whole, and list the points that failed."""
    input:
        features=expand("results/{experiment}/features.parquet", experiment=EXPERIMENTS),
        feature_values=expand("results/{experiment}/feature_values.parquet", experiment=EXPERIMENTS),
        outcomes=lambda wildcards: [
            path for name in EXPERIMENTS for path in batch_files(name, "outcomes")
        ],
        morphologies=lambda wildcards: [
            f"{morphology_path(name)}.json" for name in morphology_names()
        ],
        audits=audits_asked_for,
    output:
        # Not deleted before: should the job fail, the one of before stays.
        database=update("results/dendroflow.sqlite"),
        failures="results/failures.csv",
    log:
        "results/logs/build_database.log",
    conda:
        "../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        experiments=EXPERIMENTS,
        code=digest_of_library("dendroflow.tables.database", "dendroflow.tables.contents"),
    message:
        "Building the database"
    script:
        "../scripts/build_database.py"


rule check_failures:
    """Fail if more of an experiment's points failed than allowed."""
    input:
        features=expand("results/{experiment}/features.parquet", experiment=EXPERIMENTS),
    output:
        verdict="results/verdict.txt",
    log:
        "results/logs/check_failures.log",
    # Trying again cannot change it.
    retries: 0
    conda:
        "../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        experiments=EXPERIMENTS,
        max_failed_share=CONFIG.project.max_failed_share,
    message:
        "Checking for failed points"
    script:
        "../scripts/check_failures.py"


rule database:
    """Build the database."""
    input:
        outcomes=rules.simulate.input.outcomes,
        database="results/dendroflow.sqlite",
