"""Audit: a sample of the stored points, simulated again and compared to the last bit."""


rule audit_experiment:
    """Simulate a sample of an experiment's points again, each alone in a fresh process."""
    input:
        plan=layout.PLAN,
        features=layout.FEATURES,
        feature_values=layout.FEATURE_VALUES,
        model=ancient(df.model_copy),
        mechanisms=ancient(df.mechanisms),
        sections=ancient(df.sections),
    output:
        audit=layout.AUDIT,
        usage=layout.usage("audit_experiment"),
    log:
        layout.log("audit_experiment"),
    conda:
        "../envs/environment.yaml"
    threads: df.cores_of_audit
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * 2 ** (attempt - 1),
        runtime=lambda wildcards, attempt: 120 * 2 ** (attempt - 1),
    params:
        settings=df.uses("project.audit"),
    script:
        "../scripts/audit_experiment.py"


rule check_audits:
    """Fail if a point came out otherwise than it is stored."""
    input:
        audits=expand(layout.AUDIT, experiment=df.experiments),
    output:
        verdict=layout.AUDIT_VERDICT,
        usage=layout.usage("check_audits"),
    log:
        layout.log("check_audits"),
    # Trying again cannot change it.
    retries: 0
    localrule: True
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    script:
        "../scripts/check_audits.py"


rule audit:
    """Simulate a random sample of the stored points again, and compare."""
    input:
        verdict=layout.AUDIT_VERDICT,
        database=layout.DATABASE,
    localrule: True
