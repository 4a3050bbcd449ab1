"""Names of all checks, and why they matter, for all who name checks: nothing heavy is imported."""

# Each check is a function of this name in a module that `checks` lists.
CHECKS = {
    "readable": "NEURON mends some faults of a file without a word and crashes on others; a file "
    "that the strict reader refuses is never simulated",
    "connected": "NEURON ties what hangs on nothing to the soma, and loses points without a parent",
    "duplicate_points": "many steps without length come of a conversion that lost something",
    "custom_types": "lines of other types are often no neurites, and are simulated all the same",
    "long_steps": "a step or a gap much longer than others is a joint, a jump, or no neurite",
    "soma": "without one soma there is no place for an electrode, and no root",
    "soma_area": "a file in nanometres, or with diameters for radii, shows here",
    "constant_diameters": "one diameter for all is a default, not a measurement: area and input "
    "resistance follow it",
    "tracing_limit": "diameters below what light resolves are a floor, on which area and "
    "attenuation depend",
    "abrupt_diameters": "within a branch a diameter that jumps is an error, and reflects spikes",
    "bottlenecks": "a point much thinner than both sides of it is an error that isolates what "
    "follows",
    "thin_dendrites": "a mesh of voxels does not resolve them",
    "z_noise": "noise in z makes paths, areas and attenuation larger than they are",
    "z_backlash": "jumps of the stage make neurites longer than they are",
    "z_drift": "a sinking slice tilts the neurites away from the soma",
    "z_quantised": "few values of z are planes of a stack, not depths",
    "flat": "a flattened cell has no distances in the third dimension",
    "neuron_import": "what NEURON makes of the file is what is simulated",
    "electrical_bottleneck": "current that does not pass one place does not reach what follows",
    "input_resistance": "one number in which wrong areas, radii and scales show",
    "axon": "a model that needs an axon has to replace a stub, and to add a missing one",
    "dendritic_length": "a wrong unit, or a cell that was lost in part, shows here",
    "experiment_condition": "a cell of a knock-out stands for nothing but its genotype",
    "completeness": "cut dendrites, and diameters that nobody traced, are told by the contributor",
    "shrinkage": "a correction stretches noise as well",
}
