"""Morphologies: fetched, compared with their pins, checked, and read by NEURON once."""


localrules:
    fetch_morphology,
    import_morphology,


rule fetch_morphology:
    """Fetch a morphology and check it; only what was asked for gets the final name."""
    output:
        morphology="results/morphologies/{morphology}/{pin}/{morphology}.{suffix}",
        metadata="results/morphologies/{morphology}/{pin}/{morphology}.{suffix}.json",
    log:
        "results/logs/fetch_morphology/{morphology}-{pin}.{suffix}.log",
    conda:
        "../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=30,
    params:
        # The path names the content, wherever it comes from.
        source=untracked(
            lambda wildcards: CONFIG.morphologies[wildcards.morphology].model_dump(mode="json")
        ),
        neuromorpho=untracked(lambda wildcards: CONFIG.project.neuromorpho.model_dump(mode="json")),
        root=untracked(lambda wildcards: str(CONFIG.folder)),
    message:
        "Fetching morphology {wildcards.morphology}"
    script:
        "../scripts/fetch_morphology.py"


rule import_morphology:
    """Let NEURON's importer read a morphology once, and keep the sections it makes of it."""
    input:
        morphology=lambda wildcards: morphology_path(wildcards.morphology),
    output:
        sections="results/morphologies/{morphology}/{pin}/sections-{neuron}.npz",
    log:
        "results/logs/import_morphology/{morphology}-{pin}-{neuron}.log",
    conda:
        "../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=digest_of_library("dendroflow.morphology.importing"),
    message:
        "Importing morphology {wildcards.morphology}"
    script:
        "../scripts/import_morphology.py"


rule morphologies:
    """Fetch and import all morphologies that the configuration needs."""
    input:
        geometries=lambda wildcards: [sections_path(name) for name in morphology_names()],
