"""From stored traces to one row of features per point."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dendroflow.errors import StoreError
from dendroflow.features.recordings import COLUMNS, Recordings, TraceError
from dendroflow.features.statistics import STATISTICS, cut, first_crossing, rate, speed
from dendroflow.settings.features import FeatureBlock, Features, Propagation
from dendroflow.tables.schemas import OUTCOMES, TRACES, VALUES_SUFFIX, checked, column_under
from dendroflow.tables.tables import read_groups, read_table

# What is measured under each protocol; under "" where there are none.
Asked = Mapping[str, Features]

# Columns of the outcomes that go with the features.
KEPT = ("point_id", "protocol", "status", "error", "runtime_s", "search")


def schema(asked: Asked) -> pa.Schema:
    """Return the columns of `extract`.

    Those of the outcome, a number per feature (null where it does not exist; the mean where eFEL
    gives several), and `<column>.values` with all values of each eFEL feature that keeps them.
    Features of a protocol have its name before theirs: `step1_AP_width`.
    """
    means, lists = [], []
    for protocol, features in asked.items():
        means += [column_under(protocol, column) for column in features.columns]
        lists += [column_under(protocol, column) + VALUES_SUFFIX for column in features.kept_values]
    numbers = pa.float64()
    return pa.schema(
        [
            *(OUTCOMES.field(name) for name in KEPT),
            *(pa.field(name, numbers) for name in means),
            *(pa.field(name, pa.list_(numbers)) for name in lists),
        ]
    )


def extract(traces: pa.Table, outcomes: pa.Table, asked: Asked) -> pa.Table:
    """Measure the features of each point, or of each run under a protocol that is asked for.

    Parameters
    ----------
    traces
        A table of `tables.schemas.TRACES`; times in ms.
    outcomes
        A table of `tables.schemas.OUTCOMES`.

    Returns
    -------
    pyarrow.Table
        The columns of `schema(asked)`, a row per row of `outcomes`, in its order within each
        protocol. Features are null for a point that is not ok. An ok point becomes `nonfinite` if
        a signal is not finite, and `failed` if it cannot be measured; its error then begins with
        "features: ".

    Raises
    ------
    StoreError
        If a table does not have the declared columns, or an ok point lacks a signal.
    """
    outcomes, parts = checked(outcomes, OUTCOMES), [schema(asked).empty_table()]
    for protocol, features in asked.items():
        rows = outcomes.filter(pc.equal(outcomes["protocol"], protocol)) if protocol else outcomes
        if rows.num_rows and len(rows) < len(outcomes):
            ids = rows["point_id"].combine_chunks()
            own = traces.filter(pc.is_in(traces["point_id"].cast(ids.type), ids))
        else:
            own = traces
        if rows.num_rows:
            found = _measured(own, rows, features)
            names = [
                name if name in KEPT else column_under(protocol, name)
                for name in found.column_names
            ]
            parts.append(found.rename_columns(names))
    if len(asked) == 1 and len(parts) == 2:
        return parts[1]
    return pa.concat_tables(parts, promote_options="default")


def _measured(traces: pa.Table, outcomes: pa.Table, features: Features) -> pa.Table:
    recordings = Recordings(traces, outcomes)
    result = _Result(features, outcomes)
    # What overflows is not finite, and becomes null.
    with np.errstate(over="ignore", invalid="ignore"):
        for block in features.blocks:
            if block.statistics:
                _measure_statistics(block, recordings, result)
            if block.propagation:
                _measure_propagation(block, block.propagation, recordings, result)
            if block.efel:
                _measure_efel(block, recordings, result)
    return result.table()


def extraction(asked: Asked) -> Callable[[pa.Table, pa.Table], pa.Table]:
    """`extract` for what is asked, as a function of traces and outcomes.

    eFEL is imported now, so that processes which are forked later need not import it each.
    """
    if any(block.efel for features in asked.values() for block in features.blocks):
        import dendroflow.features.spikes  # noqa: F401
    return partial(extract, asked=asked)


def extract_file(traces: Path, outcomes: Path, asked: Asked) -> Iterator[pa.Table]:
    """Measure the features of the points of a batch, one row group of its traces at a time.

    Parameters
    ----------
    traces, outcomes
        Parquet files of `tables.schemas.TRACES` and `OUTCOMES`. The traces of a point lie in one
        row group, and the row groups are in the order of the outcomes.

    Yields
    ------
    pyarrow.Table
        As from `extract`; one after the other, they cover all outcomes in their order.

    Raises
    ------
    StoreError
        As for `extract`, and if row groups are not in the order of the outcomes.
    """
    table = checked(read_table(outcomes), OUTCOMES)
    points = table["point_id"].combine_chunks()
    done = 0
    for part in read_groups(traces, list(COLUMNS)):
        positions = pc.min_max(pc.index_in(part["point_id"], value_set=points)).as_py()
        if positions["min"] is None:
            continue
        if positions["min"] < done:
            raise StoreError(f"{traces}: row groups are not in the order of {outcomes}")
        end = positions["max"] + 1
        yield extract(part, table.slice(done, end - done), asked)
        done = end
    if done < len(table) or not len(table):
        yield extract(TRACES.empty_table(), table.slice(done), asked)


class _Result:
    """The columns that are being filled, by position among the outcomes."""

    def __init__(self, features: Features, outcomes: pa.Table) -> None:
        self._outcomes = outcomes
        self._schema = schema({"": features})
        n = len(outcomes)
        self.means = {name: np.full(n, np.nan) for name in features.columns}
        self._lists: dict[str, list[NDArray[np.float64] | None]] = {
            field.name.removesuffix(VALUES_SUFFIX): [None] * n
            for field in self._schema
            if pa.types.is_list(field.type)
        }
        self.failures: dict[int, TraceError] = {}

    def put_values(self, position: int, column: str, values: NDArray[np.float64]) -> None:
        mean = values[0] if len(values) == 1 else values.mean()
        if not math.isfinite(mean):
            values = np.where(np.isfinite(values), values, np.nan)
        self.means[column][position] = mean
        if column in self._lists:
            self._lists[column][position] = values

    def put_each(self, rows: Iterable[tuple[int, int]], put: Callable[[int, int], None]) -> None:
        """Call `put` for each position and row of a point that can be measured so far."""
        for position, row in rows:
            if position not in self.failures:
                try:
                    put(position, row)
                except TraceError as error:
                    self.failures[position] = error

    def table(self) -> pa.Table:
        columns = {name: self._outcomes[name] for name in OUTCOMES.names}
        if self.failures:
            status, error = (columns[name].to_pylist() for name in ("status", "error"))
            for position, failure in self.failures.items():
                status[position], error[position] = failure.status, f"features: {failure}"
                for values in self.means.values():
                    values[position] = np.nan
                for kept in self._lists.values():
                    kept[position] = None
            columns |= {"status": pa.array(status), "error": pa.array(error, pa.string())}
        for name, values in self.means.items():
            finite = np.where(np.isfinite(values), values, np.nan)
            columns[name] = pa.array(finite, from_pandas=True)
        for name, kept in self._lists.items():
            columns[name + VALUES_SUFFIX] = pa.array(kept, pa.list_(pa.float64()), from_pandas=True)
        return pa.table([columns[name] for name in self._schema.names], schema=self._schema)


def _measure_statistics(block: FeatureBlock, recordings: Recordings, result: _Result) -> None:
    columns = block.statistic_columns
    statistics = STATISTICS | {"rate": partial(rate, threshold=block.threshold)}

    def put(position: int, row: int) -> None:
        recording = recordings[row]
        if not len(recording.values):
            return  # The model says that what it measures does not exist: null.
        # What a model measures once, after the run, is a signal of one sample.
        recording.check(block.signal, block.window, least=2 if block.window else 1)
        t, values = recording.t, recording.values
        if block.window:
            t, values = cut(t, values, *block.window)
        for name, column in columns.items():
            result.means[column][position] = statistics[name](t, values)

    result.put_each(recordings.rows(block.signal), put)


def _measure_propagation(
    block: FeatureBlock, asked: Propagation, recordings: Recordings, result: _Result
) -> None:
    rows = {signal: dict(recordings.rows(signal)) for signal in block.signals}
    columns = block.propagation_columns

    def crossing(signal: str, row: int) -> float:
        recording = recordings[row]
        recording.check(signal, None)
        return first_crossing(recording.t, recording.values, asked.threshold)

    def put(position: int, far: int) -> None:
        since = crossing(asked.since, rows[asked.since][position])
        delay = crossing(block.signal, far) - since
        result.means[columns["delay"]][position] = delay
        if asked.distance is not None:
            distance = recordings[rows[asked.distance][position]].values[-1]
            result.means[columns["speed"]][position] = speed(distance, delay)

    result.put_each(rows[block.signal].items(), put)


def _measure_efel(block: FeatureBlock, recordings: Recordings, result: _Result) -> None:
    # Imported only where it is used: it takes longer to start than many a batch to run.
    from dendroflow.features.spikes import Efel

    columns = block.efel_columns
    with Efel.for_block(block) as measure:

        def put(position: int, row: int) -> None:
            recording = recordings[row]
            recording.check(block.signal, block.stimulus)
            found = measure(recording)
            for name, column in columns.items():
                values = found[name]
                if values is not None and len(values):
                    result.put_values(position, column, values)

        result.put_each(recordings.rows(block.signal), put)
