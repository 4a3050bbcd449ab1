"""Names of all checks by theme, for all who check names: nothing heavy is imported."""

# Each check is a function of this name in a module that `checks` lists; NeuroM's are made there.
_THEMES = {
    "graph": """
        readable components cycles missing_parents duplicate_ids duplicate_points custom_types
        long_steps
    """,
    "soma": "soma soma_area",
    "diameters": """
        constant_diameters constant_sections tracing_limit abrupt_diameters bottlenecks
        thin_dendrites
    """,
    "depth": "z_noise z_backlash z_drift z_quantised flat",
    "electrical": "neuron_import electrical_bottleneck electrical_reach input_resistance",
    "axon": "axon",
    "size": "dendritic_length membrane_area extent",
    "metadata": "experiment_condition physical_integrity recorded_attributes shrinkage",
    "MorphIO": "morphio_reads morphio_keeps",
    "NeuroM": """
        neurom_has_all_nonzero_neurite_radii neurom_has_all_nonzero_section_lengths
        neurom_has_all_nonzero_segment_lengths neurom_has_apical_dendrite neurom_has_axon
        neurom_has_basal_dendrite neurom_has_multifurcation neurom_has_no_back_tracking
        neurom_has_no_dangling_branch neurom_has_no_fat_ends neurom_has_no_flat_neurites
        neurom_has_no_jumps neurom_has_no_narrow_start neurom_has_no_root_node_jumps
        neurom_has_no_single_children neurom_has_nonzero_soma_radius
    """,
}
THEMES = {theme: tuple(checks.split()) for theme, checks in _THEMES.items()}
THEME_OF = {check: theme for theme, checks in THEMES.items() for check in checks}
CHECKS = tuple(THEME_OF)
