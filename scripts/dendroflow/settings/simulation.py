"""How a point is simulated: NEURON's clock and globals, which the engine owns, never a model."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from dendroflow.settings.base import Positive, Settings, Share


class Simulation(Settings):
    """NEURON's clock and globals. Each may be swept, as `simulation.<name>`."""

    duration: float | None = Field(
        None,
        gt=0,
        le=1e9,
        allow_inf_nan=False,
        description="simulated time (ms); null where each protocol has its own",
    )
    dt: Positive = Field(0.025, le=1, description="step of the fixed-step solvers (ms)")
    v_init: float = Field(-65.0, ge=-200, le=200, description="initial membrane potential (mV)")
    celsius: float = Field(6.3, ge=-20, le=60, description="temperature (°C)")
    solver: Literal["backward_euler", "crank_nicolson", "cvode"] = Field(
        "backward_euler", description="fixed step of first or second order, or CVODE"
    )
    atol: Positive = Field(1e-3, le=1, description="absolute tolerance of CVODE (mV; mM)")
    rtol: Share = Field(0.0, description="relative tolerance of CVODE")
    sampling: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="interval of recording (ms); null: every step"
    )
    seed: int = Field(
        1, ge=0, lt=2**32, description="first key of the Random123 streams that a model takes"
    )

    @model_validator(mode="after")
    def _at_least_one_step(self) -> "Simulation":
        if self.duration is not None and self.duration < self.dt:
            raise ValueError(f"duration {self.duration} is shorter than one step dt {self.dt}")
        return self


class Execution(Settings):
    """What decides how points are run, but no result."""

    batch_size: Annotated[int, Field(ge=1)] | None = Field(
        None, description="points in one job; null: chosen by the plan; 1: one job per point"
    )
    seconds_per_batch: float = Field(
        60.0,
        gt=0,
        le=1e6,
        allow_inf_nan=False,
        description="work that the plan puts into one job (s of one core)",
    )
    cores_per_batch: int = Field(1, ge=1, le=1024, description="cores that one job may use")
    timeout_s: Positive = Field(600.0, description="wall-clock limit of one point (s)")
    keep_traces: bool = Field(
        True, description="false: features are extracted on the spot, and traces are never stored"
    )
    retry: tuple[Literal["failed", "crashed", "timeout"], ...] = Field(
        (), description="points of these statuses are simulated again"
    )
