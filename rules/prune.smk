"""Prune: results that no configuration asks for, listed or removed."""


localrules:
    prune,


rule prune:
    """List what no configuration asks for; `--config prune=delete` removes it."""
    log:
        "results/logs/prune.log",
    conda:
        "../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        project=dict(config),
        source=str(CONFIG_FILE),
        keep=KEEP,
        delete=PRUNE == "delete",
    message:
        "Looking for what no configuration asks for"
    script:
        "../scripts/prune.py"
