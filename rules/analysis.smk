"""What is made of the tables of experiments."""


rule analyse_sensitivity:
    """Find how much each swept value decides each feature."""
    input:
        features=layout.FEATURES,
    output:
        sensitivity=layout.SENSITIVITY,
        usage=layout.usage("analyse_sensitivity"),
    log:
        layout.log("analyse_sensitivity"),
    localrule: True
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        settings=df.uses("analysis", "sweep"),
        code=lambda wildcards: code_digest("analysis/sensitivity.py"),
    script:
        "../scripts/analyse_sensitivity.py"
