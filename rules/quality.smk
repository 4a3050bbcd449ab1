"""Quality control of morphologies: checked one by one, reported, compared with requirements."""


rule check_morphology:
    """Make all checks of one morphology, and draw its picture."""
    input:
        morphology=df.of_this_morphology(layout.MORPHOLOGY),
        metadata=df.of_this_morphology(layout.METADATA),
    output:
        checks=layout.CHECKS,
        pictures=[layout.PICTURE, layout.PICTURE_PDF],
        usage=layout.usage("check_morphology"),
    log:
        layout.log("check_morphology"),
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=df.uses("quality.thresholds"),
        code=lambda wildcards: code_digest("quality", "morphology"),
    script:
        "../scripts/check_morphology.py"


rule report_morphologies:
    """Report on morphologies: a page, and tables of checks and of uses."""
    input:
        checks=df.all_morphologies(layout.CHECKS),
        pictures=df.all_morphologies(layout.PICTURE),
    output:
        page=layout.QUALITY_PAGE,
        checks=layout.QUALITY_CHECKS,
        uses=layout.QUALITY_USES,
        usage=layout.usage("report_morphologies"),
    log:
        layout.log("report_morphologies"),
    # On a node the plan, which names them, may not be in place yet.
    localrule: True
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=df.uses("quality"),
        code=lambda wildcards: code_digest("quality"),
    script:
        "../scripts/report_morphologies.py"


rule check_requirements:
    """Fail if a morphology of an experiment does not meet what the experiment requires."""
    input:
        checks=df.required,
    output:
        requirements=layout.REQUIREMENTS,
        usage=layout.usage("check_requirements"),
    log:
        layout.log("check_requirements"),
    localrule: True
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=df.uses("morphology_requires", "quality"),
        code=lambda wildcards: code_digest("quality"),
    script:
        "../scripts/check_requirements.py"


rule morphology_report:
    """Report on the morphologies that the configuration's experiments need."""
    input:
        page=layout.QUALITY_PAGE.of(scope="morphologies"),
    localrule: True


rule catalogue_report:
    """Report on all morphologies of the catalogue."""
    input:
        page=layout.QUALITY_PAGE.of(scope="catalogue"),
    localrule: True
