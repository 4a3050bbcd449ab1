"""Quality control of morphologies: which checks are made, when they fire, which use needs them.

The defaults of the thresholds were set on about twenty reconstructions, rodent pyramidal cells for
the most part. They are advice; other species and cell types need other ranges.
"""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, FiniteFloat, WithJsonSchema, model_validator

from dendroflow.quality.names import CHECKS
from dendroflow.settings.base import NonNegative, Positive, Settings, Share, in_order, known

LowHigh = Annotated[tuple[NonNegative, FiniteFloat], AfterValidator(in_order)]
CheckName = Annotated[
    str, AfterValidator(known("check", CHECKS)), WithJsonSchema({"enum": list(CHECKS)})
]


class GraphLimits(Settings):
    """The graph of points that the file describes."""

    repeated_share: Share = Field(
        0.01, description="`duplicate_points` warns above this share of steps without length"
    )
    custom_share: Share = Field(
        0.0, description="`custom_types` warns above this share of length in types other than 1-4"
    )
    step_um: Positive = Field(50.0, description="`long_steps` counts steps longer than this")
    link_share: Positive = Field(
        1.0, description="and gaps between soma and neurite longer than so many times its width"
    )


class DiameterLimits(Settings):
    """Diameters of the dendrites."""

    mode_share: Share = Field(
        0.8, description="`constant_diameters` warns above this share of points with one value"
    )
    section_share: Share = Field(
        0.9, description="or above this share of unbranched stretches with one diameter"
    )
    section_points: int = Field(
        4, ge=2, description="stretches with fewer points are not counted there"
    )
    floor_um: float = Field(
        0.3,
        gt=0,
        description="`tracing_limit` warns of a commonest diameter that is the least, \
no larger than this",
    )
    abrupt_ratio: float = Field(
        3.0, gt=1, description="`abrupt_diameters` counts neighbours that differ by this factor"
    )
    neck_window_um: Positive = Field(20.0, description="how far `bottlenecks` looks to both sides")
    neck_ratio: float = Field(
        4.0, gt=1, description="there, both sides must be wider by this factor"
    )
    neck_drop_um: NonNegative = Field(0.3, description="and by this much")
    thin_um: Positive = Field(
        0.5, description="`thin_dendrites`: thinner than two voxels of 0.25 µm"
    )
    thin_share: Share = Field(0.2, description="warns above this share of dendritic length")


class DepthLimits(Settings):
    """The z axis, along which a microscope resolves least."""

    path_ratio: float = Field(
        1.4, gt=1, description="`z_noise` fails above this ratio of path length in 3-D and in xy"
    )
    excess_share: Share = Field(
        0.2, description="or above this share of length by which steps are steeper than 45°"
    )
    jump_um: Positive = Field(10.0, description="`z_backlash` counts steps in z beyond this")
    jump_slope: Positive = Field(3.0, description="that are this many times as long as in xy")
    jumps_per_1000: NonNegative = Field(10.0, description="warns above this many in 1000 steps")
    reversal_um: Positive = Field(
        3.0, description="two successive opposite steep steps beyond this are a reversal"
    )
    reversals_per_1000: NonNegative = Field(
        5.0, description="warns above this many; fails with too many jumps besides"
    )
    largest_jump_um: Positive = Field(15.0, description="warns of a single jump beyond this")
    drift_slope: Positive = Field(
        0.3, description="`z_drift` warns above this slope of z with distance from the soma"
    )
    drift_r2: Share = Field(0.5, description="if x, y and distance explain this much of z")
    levels_share: Share = Field(
        0.05, description="`z_quantised` warns below this number of z values per point"
    )
    level_steps_share: Share = Field(0.5, description="or above this share of steps within a plane")
    flat_ratio: Share = Field(0.02, description="`flat` fails below this ratio of extents, z to xy")


class ElectricalLimits(Settings):
    """NEURON's answer to a constant current into the soma, in the steady state."""

    ra_ohm_cm: Positive = Field(100.0, description="axial resistivity of `electrical_bottleneck`")
    g_s_per_cm2: Positive = Field(1e-5, description="membrane conductance there")
    segment_um: Positive = Field(10.0, description="longest segment")
    drop_share: Share = Field(
        0.02, description="warns if this share of the somatic depolarisation is lost at one place"
    )
    drop_ratio: float = Field(
        5.0, gt=1, description="that is this many times the 99th percentile of all places"
    )
    fail_share: Share = Field(0.1, description="fails if the share is this large")
    membrane_ohm_cm2: Positive = Field(28000.0, description="membrane of `input_resistance`")
    axial_ohm_cm: Positive = Field(150.0, description="axial resistivity there")
    input_resistance_mohm: LowHigh = Field(
        (20.0, 1000.0), description="range of `input_resistance`"
    )
    timeout_s: Positive = Field(300.0, description="how long NEURON may take (s)")


class AxonLimits(Settings):
    """What is more than a stub."""

    length_um: NonNegative = Field(1000.0, description="`axon` fails below this length")
    branch_points: int = Field(1, ge=0, description="or with fewer branch points")


class SizeLimits(Settings):
    """Ranges of pyramidal cells; a check warns outside and fails far outside."""

    soma_area_um2: LowHigh = Field((200.0, 4000.0), description="range of `soma_area`")
    dendritic_length_um: LowHigh = Field((500.0, 50_000.0), description="of `dendritic_length`")
    far_factor: float = Field(4.0, gt=1, description="outside by this factor is far")


class MetadataLimits(Settings):
    """What NeuroMorpho.Org, or the header of the file, says about the cell."""

    conditions: tuple[str, ...] = Field(
        ("Control",), description="`experiment_condition` warns of any other"
    )
    correction: float = Field(
        2.0, gt=1, description="`shrinkage` warns of a correction by this factor along any axis"
    )


class Use(Settings):
    """What a morphology is wanted for."""

    title: str = Field(min_length=1, description="how the report calls it")
    requires: tuple[CheckName, ...] = Field(
        min_length=1,
        description="checks that must pass: a failure, or no answer, makes the morphology "
        "unsuitable; a warning asks for care",
    )
    recommends: tuple[CheckName, ...] = Field(
        (), description="checks that should pass: a failure, a warning or no answer asks for care"
    )


_IMPORTED = ("readable", "connected", "neuron_import", "soma")
_CABLE = (
    *_IMPORTED,
    *("soma_area", "dendritic_length", "constant_diameters", "z_noise", "z_backlash"),
    "electrical_bottleneck",
)
_RECOMMENDED = (
    *("duplicate_points", "custom_types", "long_steps", "tracing_limit", "abrupt_diameters"),
    *("bottlenecks", "z_drift", "z_quantised", "input_resistance", "experiment_condition"),
    *("completeness", "shrinkage"),
)


def default_uses() -> dict[str, Use]:
    """Four uses, each with the checks that bear on it."""
    return {
        "passive_cable": Use(
            title="passive cable", requires=_CABLE, recommends=(*_RECOMMENDED, "flat")
        ),
        "active_dendrites": Use(
            title="active dendrites", requires=_CABLE, recommends=(*_RECOMMENDED, "flat")
        ),
        "axon": Use(
            title="axon",
            requires=(*_IMPORTED, "axon", "z_noise", "z_backlash"),
            recommends=("long_steps", "z_drift", "z_quantised", "completeness", "shrinkage"),
        ),
        "rxd_3d": Use(
            title="3-D reaction and diffusion",
            requires=(*_CABLE, "flat"),
            recommends=(*_RECOMMENDED, "thin_dendrites"),
        ),
    }


class Quality(Settings):
    """The content of `config/quality.yaml`."""

    checks: tuple[CheckName, ...] = Field(
        tuple(CHECKS), min_length=1, description="the checks that are made, in this order"
    )
    graph: GraphLimits = Field(GraphLimits(), description="the graph")
    diameters: DiameterLimits = Field(DiameterLimits(), description="the diameters")
    depth: DepthLimits = Field(DepthLimits(), description="the z axis")
    electrical: ElectricalLimits = Field(ElectricalLimits(), description="the electrical tests")
    axon: AxonLimits = Field(AxonLimits(), description="the axon")
    size: SizeLimits = Field(SizeLimits(), description="areas and lengths")
    metadata: MetadataLimits = Field(MetadataLimits(), description="the metadata")
    uses: dict[str, Use] = Field(
        default_factory=default_uses, description="the uses for which suitability is stated"
    )

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for name, use in self.uses.items():
            missing = [c for c in (*use.requires, *use.recommends) if c not in self.checks]
            if missing:
                raise ValueError(f"uses.{name} names {missing[0]!r}, which `checks` leaves out")
        return self

    @property
    def thresholds(self) -> dict[str, Any]:
        """All that the checks need; not what they are for."""
        return self.model_dump(mode="json", exclude={"uses"})


class Requirements(Settings):
    """What an experiment asks of its morphologies before anything is simulated."""

    uses: tuple[str, ...] = Field(
        (), description="uses of `config/quality.yaml` for which they must not be unsuitable"
    )
    checks: tuple[CheckName, ...] = Field((), description="checks that they must not fail")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if not self.uses and not self.checks:
            raise ValueError("names neither `uses` nor `checks`")
        return self
