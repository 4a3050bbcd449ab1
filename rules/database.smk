"""The database of all experiments, the verdict on points that failed, tables for other programs."""


rule build_database:
    """Build the SQLite database whole; list and count the points that failed."""
    input:
        features=expand(layout.FEATURES, experiment=df.experiments),
        feature_values=expand(layout.FEATURE_VALUES, experiment=df.experiments),
        runs=expand(layout.RUNS, experiment=df.experiments),
        sensitivity=df.analysed(layout.SENSITIVITY),
        morphologies=df.all_morphologies(layout.METADATA),
        audits=lambda wildcards: df.audits("audit" in workflow.dag_settings.targets),
    output:
        # Snakemake does not delete it before: where the job fails, the one of before stays.
        database=update(layout.DATABASE),
        failures=layout.FAILURES,
        verdict=layout.VERDICT,
        usage=layout.usage("build_database"),
    log:
        layout.log("build_database"),
    localrule: True
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        settings=df.uses("project.experiments", "project.max_failed_share"),
    script:
        "../scripts/build_database.py"


rule check_failures:
    """Fail if more of an experiment's points failed than allowed."""
    input:
        verdict=layout.VERDICT,
        # It says which points failed, and is there however many did.
        report=layout.REPORT,
    output:
        usage=layout.usage("check_failures"),
    log:
        layout.log("check_failures"),
    # Trying again cannot change it.
    retries: 0
    localrule: True
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=500,
        runtime=10,
    script:
        "../scripts/check_failures.py"


rule database:
    """Build the database."""
    input:
        outcomes=df.outcomes,
        database=layout.DATABASE,
    localrule: True


rule export_features:
    """Write an experiment's table of points as CSV or Excel."""
    input:
        features=layout.FEATURES,
    output:
        table=layout.FEATURES_EXPORT,
        usage=layout.usage("export_features"),
    log:
        layout.log("export_features"),
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    script:
        "../scripts/export_features.py"


rule export_accepted:
    """Write the accepted points of a population as a table that a sweep takes."""
    input:
        plan=layout.PLAN,
        features=layout.FEATURES,
    output:
        table=layout.ACCEPTED_EXPORT,
        usage=layout.usage("export_accepted"),
    log:
        layout.log("export_accepted"),
    localrule: True
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    script:
        "../scripts/export_accepted.py"


rule export_sbi:
    """Write parameters and features as arrays for simulation-based inference."""
    input:
        features=layout.FEATURES,
    output:
        arrays=layout.SBI_EXPORT,
        usage=layout.usage("export_sbi"),
    log:
        layout.log("export_sbi"),
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        settings=df.uses("sweep"),
        code=lambda wildcards: code_digest("tables/exports.py"),
    script:
        "../scripts/export_sbi.py"


rule export_traces:
    """Write all samples of an experiment as CSV or Excel."""
    input:
        features=layout.FEATURES,
        runs=layout.RUNS,
        traces=df.traces_to_export,
    output:
        table=layout.TRACES_EXPORT,
        usage=layout.usage("export_traces"),
    log:
        layout.log("export_traces"),
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=4000,
        runtime=60,
    script:
        "../scripts/export_traces.py"
