"""Mechanisms: compiled once for each set of sources, NEURON version and architecture."""


# Seconds of work, with a compiler that compute nodes may lack.
localrules:
    compile_mechanisms,


rule compile_mechanisms:
    """Compile the .mod files of a model, and see that NEURON loads them."""
    input:
        sources=lambda wildcards: mechanism_sources(wildcards.build),
    output:
        library=f"results/mechanisms/{{build}}/{compiled.LIBRARY}",
    log:
        "results/logs/compile_mechanisms/{build}.log",
    conda:
        "../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=20,
    message:
        "Compiling mechanisms {wildcards.build}"
    script:
        "../scripts/compile_mechanisms.py"


use rule compile_mechanisms as compile_mechanisms_for_coreneuron with:
    output:
        library=f"results/mechanisms/{{build}}/coreneuron/{compiled.LIBRARY}",
        coreneuron=f"results/mechanisms/{{build}}/coreneuron/{compiled.CORENEURON_LIBRARY}",
    log:
        "results/logs/compile_mechanisms/{build}-coreneuron.log",


rule mechanisms:
    """Compile the mechanisms of all models that the configuration names."""
    input:
        libraries=sorted({library for name in EXPERIMENTS for library in mechanisms_library(name)}),
