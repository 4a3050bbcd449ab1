"""Audit: a sample of the stored points, simulated again and compared to the last bit."""


localrules:
    check_audits,


rule audit_experiment:
    """Simulate a sample of an experiment's points again, each alone in a fresh process."""
    input:
        plan="results/{experiment}/plan.parquet",
        features="results/{experiment}/features.parquet",
        feature_values="results/{experiment}/feature_values.parquet",
        mechanisms=ancient(lambda wildcards: mechanisms_library(wildcards.experiment)),
        sections=ancient(
            lambda wildcards: [
                sections_path(name) for name in planned(wildcards.experiment).morphologies()
            ]
        ),
    output:
        audit="results/audits/{experiment}.parquet",
    log:
        "results/logs/audit_experiment/{experiment}.log",
    wildcard_constraints:
        experiment=one_of(EXPERIMENTS),
    conda:
        "../envs/environment.yaml"
    threads: cores_of_audit
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * 2 ** (attempt - 1),
        runtime=lambda wildcards, attempt: 120 * 2 ** (attempt - 1),
    params:
        model=untracked(lambda wildcards: str(CONFIG.model_folder(wildcards.experiment))),
        morphologies=untracked(lambda wildcards: list(planned(wildcards.experiment).morphologies())),
        features=untracked(declared_features),
        settings=CONFIG.project.audit.model_dump(mode="json"),
        code=digest_of_library("dendroflow.analysis.audit"),
    message:
        "Simulating a sample of {wildcards.experiment} again"
    script:
        "../scripts/audit_experiment.py"


rule check_audits:
    """Fail if a point came out otherwise than it is stored."""
    input:
        audits=audit_paths(),
    output:
        verdict="results/audits/verdict.txt",
    log:
        "results/logs/check_audits.log",
    # Trying again cannot change it.
    retries: 0
    conda:
        "../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        experiments=EXPERIMENTS,
    message:
        "Checking the audits"
    script:
        "../scripts/check_audits.py"


rule audit:
    """Simulate a random sample of the stored points again, and compare."""
    input:
        verdict="results/audits/verdict.txt",
        database="results/dendroflow.sqlite",
