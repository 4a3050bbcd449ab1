"""Models: copied to where jobs import them from, their mechanisms compiled."""


rule keep_model:
    """Copy a model's folder; jobs import the copy, whatever is edited meanwhile."""
    output:
        model=layout.MODEL_COPY,
        usage=layout.usage("keep_model"),
    log:
        layout.log("keep_model"),
    localrule: True
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=500,
        runtime=10,
    params:
        model=df.name_of_model,
    script:
        "../scripts/keep_model.py"


rule compile_mechanisms:
    """Compile the .mod files of a model, and see that NEURON loads them."""
    input:
        model=ancient(df.model_copy),
    output:
        library=layout.MECHANISMS,
        usage=layout.usage("compile_mechanisms"),
    log:
        layout.log("compile_mechanisms"),
    # Seconds of work, with a compiler that compute nodes may lack.
    localrule: True
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=1000,
        runtime=20,
    params:
        model=df.name_of_model,
    script:
        "../scripts/compile_mechanisms.py"


use rule compile_mechanisms as compile_mechanisms_for_coreneuron with:
    output:
        library=layout.MECHANISMS_FOR_CORENEURON,
        coreneuron=layout.CORENEURON,
        loops=layout.LOOPS,
        usage=layout.usage("compile_mechanisms_for_coreneuron"),
    log:
        layout.log("compile_mechanisms_for_coreneuron"),


rule mechanisms:
    """Compile the mechanisms of all models that the configuration names."""
    input:
        libraries=df.all_mechanisms,
    localrule: True
