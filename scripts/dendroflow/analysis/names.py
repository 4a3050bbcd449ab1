"""Names and units of morphometrics, for all who check names: nothing heavy is imported."""

from typing import NamedTuple


class Quantity(NamedTuple):
    """A morphometric of a part of a cell.

    `neurom` is NeuroM's feature, which gives a value or several for each kind of neurite;
    `combined` says how one number is made of all.
    """

    unit: str
    definition: str
    neurom: str
    combined: str


# Part -> what an error calls it, and NeuroM's kinds of neurites.
PARTS = {
    "basal": ("basal dendrite", ("basal_dendrite",)),
    "apical": ("apical dendrite", ("apical_dendrite",)),
    "dendrites": ("dendrite", ("basal_dendrite", "apical_dendrite")),
    "axon": ("axon", ("axon",)),
}
QUANTITIES = {
    "total_length": Quantity("µm", "summed length of all sections", "total_length", "sum"),
    "trees": Quantity("", "number of trees that leave the soma", "number_of_neurites", "sum"),
    "sections": Quantity("", "number of unbranched stretches", "number_of_sections", "sum"),
    "branch_points": Quantity(
        "", "number of points with two or more branches", "number_of_forking_points", "sum"
    ),
    "tips": Quantity("", "number of ends", "number_of_leaves", "sum"),
    "max_path_length": Quantity(
        "µm", "longest path from the beginning of a tree to a tip", "section_path_distances", "max"
    ),
    "max_radial_distance": Quantity(
        "µm", "largest distance from the soma, as the crow flies", "max_radial_distance", "max"
    ),
    "max_branch_order": Quantity(
        "",
        "most branch points between the beginning of a tree and a section",
        "section_branch_orders",
        "max",
    ),
    "max_strahler_order": Quantity("", "largest Strahler order", "section_strahler_orders", "max"),
    "trunk_diameter": Quantity(
        "µm",
        "diameter at the beginning of a tree, mean over trees",
        "trunk_origin_radii",
        "twice the mean",
    ),
    "area": Quantity("µm²", "lateral area, summed", "total_area", "sum"),
    "volume": Quantity("µm³", "volume, summed", "total_volume", "sum"),
}
SOMA = {
    "soma_area": ("µm²", "surface of the sphere of the soma's mean radius, or of its cylinders"),
    "soma_diameter": ("µm", "twice the soma's mean radius"),
}
UNITS = {name: unit for name, (unit, _) in SOMA.items()} | {
    f"{part}_{name}": quantity.unit for part in PARTS for name, quantity in QUANTITIES.items()
}
