"""What an experiment sweeps: blocks of designs over parameters, simulation settings, morphologies.

The points of all blocks are put together; within a block the designs multiply.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainValidator,
    TypeAdapter,
    model_validator,
)

from dendroflow.settings.base import OneOf, Settings, items, shown

MOST_POINTS = 10_000_000
# Points times swept paths: what a table of them takes of memory.
MOST_VALUES = 200_000_000
SWEPT_PATH = (
    r"(parameters\.[^\W\d]\w*|simulation\.[a-z_]\w*|stimuli\.[a-z]\w*\.[a-z]\w*|morphology)"
)
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
T = TypeVar("T")
_GLOBALS = ("celsius", "dt", "duration", "v_init")


# Values ---------------------------------------------------------------------------------------


def scalar(value: object) -> object:
    """Refuse what is no finite number, text or truth value."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is not a finite number")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError(f"{value} does not fit into 64 bits")
    if not isinstance(value, bool | int | float | str):
        raise ValueError(f"{shown(value)} is no number, text or truth value")
    if value == "":
        raise ValueError("a value is empty")
    return value


def _number(value: object) -> object:
    if isinstance(value := scalar(value), bool | str):
        raise ValueError(f"{shown(value)} is not a number")
    return value


Scalar = Annotated[
    bool | int | float | str,
    PlainValidator(scalar, json_schema_input_type=bool | int | float | str),
]
Number = Annotated[float, BeforeValidator(_number)]
Whole = Annotated[int, Field(strict=True)]


Spaced = Annotated[tuple[Number, Number, Whole], items("start, stop, number")]
Ends = Annotated[tuple[Number, Number], items("low, high")]


def filled(data: object) -> object:
    """Refuse an empty list or mapping."""
    if isinstance(data, list | tuple | Mapping) and not data:
        raise ValueError("is empty; name at least one")
    return data


def arange_steps(start: float, stop: float, step: float) -> Decimal:
    """Return how many steps lead from `start` to `stop`, in exact decimal arithmetic."""
    return (Decimal(repr(stop)) - Decimal(repr(start))) / Decimal(repr(step))


def _check_steps(start: float, stop: float, step: float) -> None:
    if step == 0 or (stop - start) * step <= 0:
        raise ValueError(f"arange: steps of {step:g} do not lead from {start:g} to {stop:g}")
    steps = arange_steps(start, stop, step)
    if steps < MOST_POINTS and steps % 1:
        last = Decimal(repr(start)) + int(steps) * Decimal(repr(step))
        raise ValueError(
            f"arange: stop is included, but steps of {step:g} from {start:g} do not meet "
            f"{stop:g}; the last one before it is {float(last):g}"
        )


class Axis(OneOf):
    """The values of one swept path, listed or generated.

    Generated values are rounded to 12 significant digits, so that a value does not depend on
    the grid that made it; listed values stay as they are.
    """

    values: Annotated[tuple[Scalar, ...], BeforeValidator(filled)] | None = Field(
        None, description="The values themselves; a plain list means the same."
    )
    linspace: Spaced | None = Field(
        None, description="[start, stop, number]: evenly spaced, both ends included."
    )
    logspace: Spaced | None = Field(
        None, description="[start, stop, number]: from value to value in equal ratios, both > 0."
    )
    arange: Annotated[tuple[Number, Number, Number], items("start, stop, step")] | None = Field(
        None, description="[start, stop, step]: in equal steps, both ends included."
    )

    group: str | None = Field(
        None, description="All cells of a group of `morphologies.yaml`; of `morphology` alone."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.group is not None:
            raise ValueError("group: all cells of a group; it is for `morphology` alone")
        for spaced in (self.linspace, self.logspace):
            if spaced is not None and (spaced[2] < 2 or spaced[0] == spaced[1]):
                raise ValueError("needs two different ends and at least 2 values")
        if self.logspace is not None and min(self.logspace[:2]) <= 0:
            raise ValueError("logspace: both ends must be above 0")
        if self.arange is not None:
            _check_steps(*self.arange)
        if self.size > MOST_POINTS:
            raise ValueError(f"asks for {self.size:,} values; {MOST_POINTS:,} are the most")
        return self

    @property
    def size(self) -> int:
        """Number of values."""
        form, given = self.given
        if form == "arange":
            return int(arange_steps(*given)) + 1
        return len(given) if form == "values" else int(given[2])


class Range(OneOf):
    """The interval from which one swept path is sampled."""

    range: Ends | None = Field(None, description="[low, high]: uniform.")
    log_range: Ends | None = Field(
        None, description="[low, high]: uniform in the logarithm, both > 0."
    )
    integer_range: Annotated[tuple[Whole, Whole], items("low, high")] | None = Field(
        None, description="[low, high]: whole numbers, each equally likely, both ends included."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        low, high = self.ends
        if self.integer_range is not None and max(abs(low), abs(high)) > 2**53:
            raise ValueError("integer_range: both ends must lie within 2**53 of 0")
        if low >= high:
            raise ValueError(f"low must be below high, is [{low:g}, {high:g}]")
        if self.log_range is not None and low <= 0:
            raise ValueError("log_range: both ends must be above 0")
        return self

    @property
    def ends(self) -> tuple[float, float]:
        """Lowest and highest value."""
        low, high = self.given[1]
        return low, high


def _listed(data: object) -> object:
    return {"values": data} if isinstance(data, list | tuple) else data


AxisField = Annotated[
    Axis, BeforeValidator(_listed, json_schema_input_type=tuple[Scalar, ...] | Axis)
]


# Paths ----------------------------------------------------------------------------------------


def python_name(path: str) -> str:
    """The path as Python spells the names in it: the micro sign is the letter mu."""
    return unicodedata.normalize("NFKC", path)


def path_problem(path: object) -> str | None:
    """Return why `path` cannot be swept, with the likely remedy, or None if it can be."""
    if isinstance(path, str) and re.fullmatch(SWEPT_PATH, python_name(path)):
        return None
    likely = _likely_path(str(path))
    if re.fullmatch(SWEPT_PATH, likely):
        return f"{path!r} is not a swept path; did you mean {likely}?"
    return (
        f"{path!r} is not a swept path: write parameters.<name>, simulation.<name>, "
        "stimuli.<name>.<key> or morphology"
    )


def _likely_path(path: str) -> str:
    roots = ("parameters", "simulation")
    prefix, _, name = path.strip().rpartition(".")
    if prefix or name in roots:
        close = get_close_matches(prefix.lower(), roots, n=1)
        return f"{close[0]}.{name}" if close else ""
    if get_close_matches(name.lower(), ("morphology", "morphologies"), n=1):
        return "morphology"
    return f"simulation.{name}" if name in _GLOBALS else f"parameters.{name}"


def _swept(data: object) -> object:
    """Refuse keys that are no swept paths."""
    if isinstance(data, Mapping):
        for path in data:
            if path in Block.model_fields:
                raise ValueError(f"{path!r} is a design; write the paths beside it into a grid")
            if problem := path_problem(path):
                close = get_close_matches(str(path), Block.model_fields, n=1, cutoff=0.7)
                design = close and f"there is no design {path!r}; did you mean {close[0]!r}?"
                raise ValueError(design or problem)
        return {python_name(path): value for path, value in data.items()}
    return data


def _refuse_numbered_morphologies(values: Iterable[object]) -> None:
    for value in values:
        if not isinstance(value, str):
            raise ValueError(f"morphology: names are text; {value!r} needs quotes")


def _named_morphologies(axes: dict[str, Axis]) -> dict[str, Axis]:
    if axis := axes.get("morphology"):
        if axis.values is None:
            raise ValueError("morphology: takes a list of names")
        _refuse_numbered_morphologies(axis.values)
    return axes


def _no_morphology(axes: dict[str, Range]) -> dict[str, Range]:
    if "morphology" in axes:
        raise ValueError("morphology: names cannot be sampled from a range; multiply with a grid")
    return axes


def _equally_long(axes: dict[str, Axis]) -> dict[str, Axis]:
    if len({axis.size for axis in axes.values()}) > 1:
        sizes = ", ".join(f"{path} has {axis.size}" for path, axis in axes.items())
        raise ValueError(f"zipped axes must be equally long: {sizes}")
    return axes


def _same_paths(rows: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    for number, row in enumerate(rows, start=1):
        if different := rows[0].keys() ^ row.keys():
            raise ValueError(
                f"row {number} and row 1 must sweep the same paths; they differ in "
                f"{', '.join(sorted(different))}"
            )
    _refuse_numbered_morphologies(row["morphology"] for row in rows if "morphology" in row)
    return rows


def _table_file(name: str) -> str:
    if not name.endswith((".csv", ".parquet")):
        raise ValueError(f"must end in .csv or .parquet; is {name!r}")
    return name


def _power_of_two(samples: int) -> int:
    if samples < 1 or samples & (samples - 1):
        below = 1 << max(samples.bit_length() - 1, 0)
        raise ValueError(f"must be a power of two, such as {below} or {2 * below}; is {samples}")
    return samples


def with_groups(content: Any, groups: Mapping[str, Sequence[str]]) -> Any:
    """What a file says, with the names of its cells in place of each group that it sweeps.

    Parameters
    ----------
    groups
        group -> names of its cells.

    Raises
    ------
    ValueError
        If there is no such group.
    """
    if isinstance(content, list):
        return [with_groups(item, groups) for item in content]
    if not isinstance(content, Mapping):
        return content
    found = {}
    for key, value in content.items():
        if key == "morphology" and isinstance(value, Mapping) and set(value) == {"group"}:
            if value["group"] not in groups:
                known = ", ".join(sorted(groups)) or "there are none"
                raise ValueError(
                    f"morphology: group {value['group']!r} has no cells in morphologies.yaml; "
                    f"groups: {known}"
                )
            found[key] = list(groups[value["group"]])
        else:
            found[key] = with_groups(value, groups)
    return found


SweptPath = Annotated[
    str,
    Field(pattern=r"^(parameters\.\S+|simulation\.[a-z_]+|stimuli\.\w+\.[a-z_]+|morphology)$"),
]
Swept = Annotated[dict[SweptPath, T], BeforeValidator(_swept), BeforeValidator(filled)]
Axes = Annotated[Swept[AxisField], AfterValidator(_named_morphologies)]
Ranges = Annotated[Swept[Range], AfterValidator(_no_morphology)]
Row = Swept[Scalar]
PowerOfTwo = Annotated[Whole, Field(le=MOST_POINTS), AfterValidator(_power_of_two)]


# Designs --------------------------------------------------------------------------------------


class Sampled(Settings):
    """What designs that sample have in common."""

    samples: Annotated[Whole, Field(ge=1, le=MOST_POINTS)] = Field(description="Number of points.")
    seed: Annotated[Whole, Field(ge=0)] = Field(0, description="Seed of the random numbers.")
    axes: Ranges = Field(description="What is sampled: path to range.")

    @property
    def rows(self) -> int:
        """Number of rows, equal ones included."""
        return self.samples


class LatinHypercube(Sampled):
    """A Latin hypercube: each axis is cut into as many strata as samples, one sample in each."""


class Sobol(Sampled):
    """A scrambled Sobol sequence, which fills the space evenly."""

    samples: PowerOfTwo = Field(description="Number of points, a power of two.")


class Saltelli(Sampled):
    """Saltelli's design for Sobol sensitivity indices; takes two axes at least."""

    samples: PowerOfTwo = Field(
        description="Number N of base samples, a power of two; with D axes the design has "
        "N (2 D + 2) rows with second-order indices and N (D + 2) without."
    )
    second_order: bool = Field(True, strict=True, description="Allow second-order indices.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.axes) < 2:
            raise ValueError("axes: sensitivity indices need at least two axes")
        if self.rows > MOST_POINTS:
            raise ValueError(f"asks for {self.rows:,} points; {MOST_POINTS:,} are the most")
        return self

    @property
    def rows(self) -> int:
        """Number of rows, equal ones included."""
        return self.samples * ((2 if self.second_order else 1) * len(self.axes) + 2)


class Morris(Sampled):
    """Morris' trajectories for elementary effects: each changes one axis after the other."""

    samples: Annotated[Whole, Field(ge=2, le=MOST_POINTS)] = Field(
        description="Number N of trajectories; with D axes the design has N (D + 1) rows."
    )
    levels: Annotated[Whole, Field(ge=4, le=100, multiple_of=2)] = Field(
        4, description="Values of each axis, evenly from end to end; steps are half of them."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        for path, axis in self.axes.items():
            low, high = axis.ends
            if axis.integer_range is not None and high - low + 1 < self.levels:
                raise ValueError(f"{path}: has fewer whole numbers than `levels`, {self.levels}")
        if self.rows > MOST_POINTS:
            raise ValueError(f"asks for {self.rows:,} points; {MOST_POINTS:,} are the most")
        return self

    @property
    def rows(self) -> int:
        """Number of rows, equal ones included."""
        return self.samples * (len(self.axes) + 1)


class Block(Settings):
    """Designs that multiply: every point of one with every point of the others.

    The design that stands first in this list varies slowest, whatever the order in the file.
    """

    grid: Axes | None = Field(None, description="All combinations of the axes' values.")
    zip: Annotated[Axes, AfterValidator(_equally_long)] | None = Field(
        None, description="Axes of equal length, walked side by side."
    )
    list: (
        Annotated[tuple[Row, ...], AfterValidator(_same_paths), BeforeValidator(filled)] | None
    ) = Field(None, description="Points written out one by one.")
    table: Annotated[str, AfterValidator(_table_file)] | None = Field(
        None,
        description="A CSV or Parquet file, relative to the experiment's folder, "
        "whose columns are swept paths.",
    )
    latin_hypercube: LatinHypercube | None = Field(None, description="A Latin hypercube.")
    sobol: Sobol | None = Field(None, description="A scrambled Sobol sequence.")
    saltelli: Saltelli | None = Field(None, description="A design for Sobol indices.")
    morris: Morris | None = Field(None, description="Trajectories for elementary effects.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if all(design is None for _, design in self):
            choice = ", ".join(type(self).model_fields)
            raise ValueError(f"a block without points; give one of {choice}")
        seen: dict[str, str] = {}
        for name, design in self:
            if design is None or name == "table":
                continue
            axes: Any = design[0] if name == "list" else getattr(design, "axes", design)
            for path in axes:
                if path in seen:
                    raise ValueError(f"{path} is swept by both {seen[path]} and {name}")
                seen[path] = name
        return self


def swept_paths(blocks: Iterable[Block]) -> set[str]:
    """The paths that blocks sweep, but for those of tables in files."""
    found: set[str] = set()
    for block in blocks:
        designs: dict[str, Any] = dict(block)
        for name, design in designs.items():
            if design is not None and name != "table":
                found |= set(design[0] if name == "list" else getattr(design, "axes", design))
    return found


def _blocks(data: object) -> object:
    """Read the short forms: one block, or the axes of one grid."""
    if isinstance(data, Block):
        return (data,)
    if not data:
        raise ValueError("an experiment without points; name a path and its values")
    if isinstance(data, list | tuple):
        return data
    if not isinstance(data, Mapping):
        raise ValueError(f"must map paths to values, or be a list of blocks; is {shown(data)}")
    if data.keys() <= Block.model_fields.keys():
        return (Block.model_validate(data),)
    return (Block(grid=TypeAdapter(Axes).validate_python(data)),)


Sweep = Annotated[
    tuple[Block, ...],
    BeforeValidator(_blocks, json_schema_input_type=Axes | Block | tuple[Block, ...]),
]
