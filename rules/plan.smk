"""Planning: which points are asked for, and which batches have them."""


rule plan_points:
    """Write the table of an experiment's points; of a search, the points that it found."""
    input:
        history=df.history,
    output:
        plan=layout.PLAN,
        usage=layout.usage("plan_points"),
    log:
        layout.log("plan_points"),
    localrule: True
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
        planned_cores=df.cores or 1,
    params:
        plan=lambda wildcards: df.plan(wildcards.experiment).digest,
    script:
        "../scripts/plan_points.py"


rule plan:
    """Write the tables of points of all experiments."""
    input:
        plans=expand(layout.PLAN, experiment=df.experiments),
    localrule: True
