"""Morphologies: fetched, compared with their pins, checked, and read by NEURON once."""


rule fetch_morphology:
    """Fetch a morphology and check it; only what was asked for gets the final name."""
    output:
        morphology=layout.MORPHOLOGY,
        metadata=layout.METADATA,
        usage=layout.usage("fetch_morphology"),
    log:
        layout.log("fetch_morphology"),
    localrule: True
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=500,
        runtime=30,
    script:
        "../scripts/fetch_morphology.py"


rule import_morphology:
    """Let NEURON's importer read a morphology once, and keep the sections it makes of it."""
    input:
        morphology=ancient(df.of_this_morphology(layout.MORPHOLOGY)),
    output:
        sections=layout.SECTIONS,
        usage=layout.usage("import_morphology"),
    log:
        layout.log("import_morphology"),
    localrule: True
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    script:
        "../scripts/import_morphology.py"


rule morphologies:
    """Fetch and import all morphologies that the configuration needs."""
    input:
        sections=df.all_morphologies(layout.SECTIONS),
    localrule: True
