"""The plan of an experiment: what jobs read that never plan themselves."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dendroflow.errors import StoreError
from dendroflow.tables.tables import read_notes, read_table, write_table


@dataclass(frozen=True)
class Plan:
    """What an experiment asks for and which batches provide it.

    Attributes
    ----------
    table
        a row per requested point: point_id, batch, and the swept paths.
    notes
        what a job must know besides: codes, fixed values, limits.
    new
        names of the batches that are still to be simulated; empty if read from a file.
    work
        seconds of one core that each of these is likely to take.
    kept
        points of theirs that were simulated before a run was stopped.
    """

    table: pa.Table
    notes: Mapping[str, Any]
    new: tuple[str, ...] = ()
    work: Mapping[str, float] = field(default_factory=dict)
    kept: int = 0

    @property
    def simulation_code(self) -> str:
        """Names the code behind the simulations."""
        return str(self.notes["simulation_code"])

    @property
    def feature_code(self) -> str:
        """Names the code behind the features; empty where `simulation_code` covers it."""
        return str(self.notes["feature_code"])

    @property
    def codes(self) -> dict[str, str]:
        """What stands in the paths of all of its batches."""
        return {
            "experiment": self.notes["experiment"],
            "simulation_code": self.simulation_code,
            "feature_code": self.feature_code,
        }

    @property
    def batches(self) -> tuple[str, ...]:
        """All batches that hold a requested point, by name."""
        return tuple(sorted(self.table["batch"].unique().to_pylist()))

    @property
    def protocols(self) -> Mapping[str, Mapping[str, Any]]:
        """Name -> what a job has to know of a protocol; none of experiments without any."""
        found: Mapping[str, Mapping[str, Any]] = self.notes.get("protocols", {})
        return found

    @property
    def run(self) -> str:
        """The column that names what is simulated: a point, or its run under a protocol."""
        return "run_id" if self.protocols else "point_id"

    @cached_property
    def _runs(self) -> pa.Table:
        """What is simulated, each once, with its batch."""
        table = self.table.select([self.run, "batch"])
        known = self.run == "run_id" and "optimisation" not in self.notes
        return table.group_by([self.run, "batch"]).aggregate([]) if known else table

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Number of requested runs of each batch; without protocols each point is one."""
        counts = pc.value_counts(self._runs["batch"]).to_pylist()
        return {row["values"]: row["counts"] for row in counts}

    @property
    def requested(self) -> int:
        """Number of requested runs."""
        return int(self._runs.num_rows)

    def searches(self, batch: str) -> tuple[str, ...]:
        """Batches that hold the searches which the runs of one need."""
        protocols = self.protocols
        if not any(said["needs"] for said in protocols.values()):
            return ()
        if "optimisation" in self.notes:
            # Which runs there will be is not known before the search.
            own = self.of_batch(batch)["protocol"].unique().to_pylist()
            names = {needed for name in own for needed in protocols[name]["needs"]}
            kind = self.table["protocol"].type
            wanted = pa.array(sorted(names), kind)
            rows = self.table.filter(pc.is_in(self.table["protocol"], wanted))
            return tuple(sorted(rows["batch"].unique().to_pylist()))
        needed = pc.list_flatten(self.of_batch(batch)["needs"].combine_chunks()).unique()
        ids = self.table["run_id"].cast(needed.type)
        rows = self.table.filter(pc.is_in(ids, needed))
        return tuple(sorted(rows["batch"].unique().to_pylist()))

    @property
    def to_run(self) -> int:
        """Number of requested runs that are still to be simulated."""
        return sum(self.sizes.get(batch, 0) for batch in self.new) - self.kept

    @cached_property
    def digest(self) -> str:
        """Changes whenever the stored plan has to be written again."""
        # Only new batches import the model's copy; a comment in it is no reason to plan.
        notes = {key: value for key, value in self.notes.items() if key != "model_copy"}
        state = hashlib.sha256(json.dumps(notes).encode())
        for column in dict.fromkeys(("point_id", self.run, "batch")):
            state.update("".join(self.table[column].to_pylist()).encode())
        return state.hexdigest()[:16]

    def of_batch(self, batch: str) -> pa.Table:
        """The requested points of one batch.

        Raises
        ------
        StoreError
            If there are none.
        """
        rows = self.table.filter(pc.equal(self.table["batch"], batch))
        if not rows.num_rows:
            raise StoreError(
                f"the plan of {self.notes['experiment']} holds no batch {batch}; "
                "run snakemake again"
            )
        return rows

    def morphologies(self, batch: str | None = None) -> tuple[str, ...]:
        """Names of the morphologies that the points need, or those of one batch."""
        if "morphology" not in self.table.column_names:
            names = [self.notes["fixed"]["morphology"]]
        else:
            table = self.table if batch is None else self.of_batch(batch)
            names = table["morphology"].unique().to_pylist()
        return tuple(sorted(name for name in names if name is not None))

    def with_points(self, points: Iterable[Mapping[str, Any]]) -> "Plan":
        """The same plan with points that were not known when it was made.

        Parameters
        ----------
        points
            rows of its table, without the batch.
        """
        key = "protocol" if self.protocols else "individual"
        batch = dict(zip(self.table[key].to_pylist(), self.table["batch"].to_pylist(), strict=True))
        rows = [{**point, "batch": batch[point[key]]} for point in points]
        return replace(self, table=pa.Table.from_pylist(rows, schema=self.table.schema))

    def write(self, path: Path) -> None:
        """Store the plan as Parquet; the notes are in the metadata."""
        write_table(self.table, path, self.table.schema, self.notes)

    @classmethod
    def read(cls, path: Path, batch: str | None = None) -> "Plan":
        """Read a stored plan, or of its points those of one batch."""
        chosen = None if batch is None else {"batch": [batch]}
        table = read_table(path, where=chosen).replace_schema_metadata(None)
        return cls(table, read_notes(path))
