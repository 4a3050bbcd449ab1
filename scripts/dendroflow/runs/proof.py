"""Proof that points may share a process: some of them are simulated alone, and compared."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, groupby
from typing import Any

import numpy as np

from dendroflow.errors import ModelError
from dendroflow.kernel.globals import NotSharedError
from dendroflow.kernel.lanes import GroupResult
from dendroflow.kernel.points import Point
from dendroflow.runs.pool import refuse_other_globals, run_points
from dendroflow.runs.results import Size
from dendroflow.runs.workload import Workload
from dendroflow.tables.sharing import Verdict

# Of the largest sample of a signal: cells that differ by less may share a process.
TOLERANCE = 1e-9
# And so may engines: more than what rounding makes of many spikes, less than what a feature shows.
ENGINES = 1e-6
# No more points than this are simulated alone throughout.
FEW = 3
# So many points come before the witnesses.
BEFORE = 16
# Among more points than this, witnesses are chosen of an even sample.
LOOKED_AT = 1000
# A proof may take this share of what all points take, or so long (s).
SHARE, CHEAP_S = 0.02, 0.25
# What a process takes that is forked for a point, and how much cheaper lanes are at best.
FORK_S, LANES_GAIN = 0.01, 10


def run_proved(
    workload: Workload,
    points: Sequence[Point],
    *,
    workers: int,
    timeout_s: float,
    known: Verdict | None = None,
) -> tuple[Verdict, Iterator[GroupResult]]:
    """Simulate points together if they give what they give alone, else in a process each.

    Witnesses are simulated alone, in another order, and among the others: as many as 2 % of the
    work, or 0.25 s, allow, three at least, or two where a point takes long.

    Parameters
    ----------
    workload, workers, timeout_s
        as for `run_points`.
    known
        what was found of other points of the same code; it is taken where a proof is dear.

    Returns
    -------
    Verdict, iterator
        results come in some order of the points that depends on these alone. The iterator raises
        `NotSharedError` if points that come later show that the verdict was wrong: then all of
        them are to be simulated again, with a verdict that says so.

    Raises
    ------
    ModelError
        If the model breaks its contract, or two runs of a point alone differ.
    """
    if not points:
        return Verdict("shared"), iter(())
    block = _largest_block(points)
    if workload.model.process != "shared" or len(points) <= FEW or len(block) == 1:
        known = Verdict("alone")
    elif known is None or not (known.process == "alone" or _is_dear(known.seconds, len(points))):
        return _proved(workload, points, block, workers=workers, timeout_s=timeout_s)
    alone = known.process == "alone"
    results = run_points(workload, points, workers=workers, timeout_s=timeout_s, alone=alone)
    return known, results


def run_all(
    workload: Workload,
    points: Sequence[Point],
    *,
    workers: int,
    timeout_s: float,
    known: Verdict | None = None,
) -> tuple[Verdict, list[GroupResult]]:
    """All results of `run_proved`, which may have had to begin again."""
    limits: dict[str, Any] = {"workers": workers, "timeout_s": timeout_s}
    verdict, results = run_proved(workload, points, known=known, **limits)
    try:
        return verdict, list(results)
    except NotSharedError as error:
        verdict = replace(verdict, process="alone", why=str(error))
        return verdict, list(run_points(workload, points, alone=True, **limits))


def _affordable(seconds: float, points: int, lanes: int = 1) -> int:
    """How many witnesses there may be of some points.

    Each takes so many seconds alone, and a tenth of that among many lanes.
    """
    work = points * seconds / min(lanes, LANES_GAIN)
    return int(max(SHARE * work, CHEAP_S) / (2 * seconds + FORK_S))


def _is_dear(seconds: float, points: int) -> bool:
    return _affordable(seconds, points) < FEW


def _proved(
    workload: Workload,
    points: Sequence[Point],
    block: Sequence[Point],
    *,
    workers: int,
    timeout_s: float,
) -> tuple[Verdict, Iterator[GroupResult]]:
    """As `run_proved`, with witnesses from a block of points that share their settings."""
    plain = replace(workload, measure=None)

    def alone(these: Sequence[Point], what: Workload = plain) -> Iterator[GroupResult]:
        return run_points(what, these, workers=workers, timeout_s=timeout_s, alone=True)

    in_order = _in_order(block)
    first = [in_order[-1], in_order[0], in_order[len(in_order) // 2]]
    results = list(alone(first[:2]))
    if workload.chosen:
        by_neuron = alone(first[:1], replace(plain, coreneuron=False))
        Alone(list(by_neuron)).refuse_other_engine(results[0])
    sizes = [size for size in map(Size.of, results) if size]
    size = max(sizes, key=lambda size: size.compartments, default=None)
    # The first run in a process takes longer than those to come.
    seconds = min(result.outcomes[0].runtime_s or 0.0 for result in results)
    number = _affordable(seconds, len(points), size.lanes if size else 1)
    witnesses = first[:2] if number < FEW else _spread(first, in_order, number)
    results += alone(witnesses[2:])
    samples = max(result.samples for result in results)
    expected, soon = Alone(results), {point.point_id for point in first[: len(witnesses)]}
    # One by itself, and after it in its process all in another order.
    again = [point for point in reversed(witnesses) if point.point_id in expected.statuses]
    order = again[-1:] + again
    close, held, seen = [], [], 0
    try:
        refuse_other_globals(*(result.left for result in results if result.left))
        other = replace(plain, compare=expected.compare)
        close += [r.close for r in run_points(other, order, workers=1, timeout_s=timeout_s)]
        together = run_points(
            replace(workload, compare=expected.compare),
            _with_soon(first, points),
            workers=workers,
            timeout_s=timeout_s,
            size=size,
        )
        while seen < len(soon):
            held.append(next(together))
            seen += sum(outcome.point_id in soon for outcome in held[-1].outcomes)
            close.append(held[-1].close)
    except NotSharedError as error:
        for result in alone(again):
            expected.refuse_chance(result)
        return Verdict("alone", str(error), seconds, samples), alone(points, workload)
    why = next(filter(None, close), "")
    verdict = Verdict("close" if why else "shared", why, seconds, samples)
    return verdict, _watched(chain(held, together), {p.point_id: p for p in points}, alone)


def _largest_block(points: Sequence[Point]) -> list[Point]:
    blocks = (list(block) for _, block in groupby(points, key=lambda point: point.settings))
    return max(blocks, key=len)


def _in_order(block: Sequence[Point]) -> list[Point]:
    """Some of the points, at most `LOOKED_AT`, from the lowest to the highest."""
    looked_at = block[:: max(1, len(block) // LOOKED_AT)]
    place, numbers = np.zeros(len(looked_at)), list(map(_numbers, looked_at))
    # Under protocols not all of them have the same stimuli.
    for path in dict.fromkeys(chain(*numbers)):
        column = np.array([of_point.get(path, 0.0) for of_point in numbers])
        width = np.ptp(column)
        place += (column - column.min()) / width if width else 0.0
    return [looked_at[i] for i in np.argsort(place, kind="stable")]


def _spread(first: Sequence[Point], in_order: Sequence[Point], number: int) -> list[Point]:
    """The first, and others evenly spread over all, to a number."""
    places = np.unique(np.linspace(0, len(in_order) - 1, number).astype(int))
    chosen = {point.point_id: point for point in (*first, *(in_order[i] for i in places))}
    return list(chosen.values())[:number]


def _numbers(point: Point) -> dict[tuple[str, str], float]:
    """What may be swept of a point, as far as it is numbers."""
    groups = {"": point.parameters, **point.stimuli}
    return {
        (group, key): float(value)
        for group, values in groups.items()
        for key, value in values.items()
        if isinstance(value, int | float)
    }


def _with_soon(chosen: Sequence[Point], points: Sequence[Point]) -> list[Point]:
    """All points, the chosen ones soon, but after some others of their settings.

    Those of equal settings stay neighbours.
    """
    settings, by_id = chosen[0].settings, {point.point_id: point for point in chosen}
    rest = [point for point in points if point.point_id not in by_id]
    rest.sort(key=lambda point: point.settings != settings)
    before = sum(point.settings == settings for point in rest[:BEFORE])
    return [*rest[:before], *by_id.values(), *rest[before:]]


def _watched(
    results: Iterable[GroupResult],
    points: Mapping[str, Point],
    alone: Callable[[Sequence[Point]], Iterator[GroupResult]],
) -> Iterator[GroupResult]:
    """Results, of which the first points that fail are simulated alone, too.

    Raises
    ------
    NotSharedError
        If one of them does not fail alone.
    """
    tried: set[str | None] = set()
    for result in results:
        for outcome in result.outcomes:
            doubtful = outcome.status not in ("ok", "crashed", "timeout")
            if not doubtful or outcome.error in tried or len(tried) >= FEW:
                continue
            tried.add(outcome.error)
            (again,) = alone([points[outcome.point_id]])
            if again.outcomes[0].status != outcome.status:
                raise NotSharedError(
                    f"point {outcome.point_id} is {outcome.status} ({outcome.error}), and "
                    f"{again.outcomes[0].status} alone"
                )
        yield result


class Alone:
    """What points have given alone, except for those that died or hung."""

    def __init__(self, results: Sequence[GroupResult]) -> None:
        self._signals: dict[str, dict[str, np.ndarray]] = {}
        self.statuses: dict[str, str] = {}
        for result in results:
            (outcome,) = result.outcomes
            if outcome.status not in ("crashed", "timeout"):
                self.statuses[outcome.point_id] = outcome.status
                self._signals |= _signals(result, self.statuses)

    def compare(self, result: GroupResult) -> str:
        """In what the points of a group are not to the bit what they were alone.

        Raises
        ------
        NotSharedError
            If they differ by more than `TOLERANCE`.
        """
        if (found := self.difference(result)) is None:
            return ""
        said = f"{found[1]} from what it gives alone"
        if found[0] > TOLERANCE:
            raise NotSharedError(said)
        return said

    def refuse_chance(self, result: GroupResult) -> None:
        """Refuse a model of which a point gave something else when it was alone again."""
        if (found := self.difference(result)) is not None:
            raise ModelError(
                f"two runs of the same point differ: {found[1]}; draw random numbers from "
                "self.random123(), whose streams depend on simulation.seed alone"
            )

    def refuse_other_engine(self, result: GroupResult) -> None:
        """Refuse what CoreNEURON gives if NEURON, whose results these are, gives something else."""
        # NEURON may leave out the sample that falls on the end of the run.
        for point_id, signals in _signals(result, self.statuses).items():
            own = self._signals.get(point_id, {})
            for name, values in signals.items():
                if name in own and len(values) == len(own[name]) + 1:
                    own[name] = np.append(own[name], values[-1:])
        found = self.difference(result)
        if found is not None and found[0] > ENGINES:
            raise ModelError(
                f"CoreNEURON gives something else than NEURON: {found[1]}; write `engine: neuron` "
                "into the experiment, or `engine: coreneuron` to have it all the same"
            )

    def difference(self, result: GroupResult) -> tuple[float, str] | None:
        """Size (of the largest sample) and description of the largest difference, if any."""
        found: list[tuple[float, str]] = []
        for outcome in result.outcomes:
            before = self.statuses.get(outcome.point_id, outcome.status)
            if before != outcome.status:
                said = f"{outcome.status} ({outcome.error})" if outcome.error else outcome.status
                found.append((np.inf, f"point {outcome.point_id} is {said}, which differs"))
        signals = _signals(result, self.statuses)
        for point_id in {outcome.point_id for outcome in result.outcomes} & set(self.statuses):
            for name, values in signals.get(point_id, {}).items():
                alone = self._signals.get(point_id, {}).get(name)
                if alone is None or alone.shape != values.shape:
                    found.append(
                        (np.inf, f"point {point_id}, {name}: the number of samples differs")
                    )
                elif alone.tobytes() != values.tobytes():
                    found.append(_distance(point_id, name, alone, values))
        return max(found, key=lambda pair: pair[0], default=None)


def _distance(point_id: str, name: str, alone: np.ndarray, values: np.ndarray) -> tuple[float, str]:
    scale = float(np.nanmax(np.abs(alone), initial=0.0))
    largest = float(np.nanmax(np.abs(values - alone), initial=0.0))
    # A number beside one that is none differs without measure.
    if (np.isfinite(alone) != np.isfinite(values)).any():
        largest = np.inf
    return largest / (scale or 1.0), f"point {point_id}, {name} differs by {largest:.2g}"


def _signals(result: GroupResult, points: Mapping[str, str]) -> dict[str, dict[str, np.ndarray]]:
    """point_id -> signal (and place) -> samples, and their times where they vary."""
    found: dict[str, dict[str, np.ndarray]] = {}
    if not result.traces:
        return found
    ids = result.traces["point_id"].to_pylist()
    for i, point_id in enumerate(ids):
        if point_id not in points:
            continue
        signal, place, times, values = (
            result.traces[name][i] for name in ("signal", "location", "t", "values")
        )
        name = f"{signal} at {place}" if place.is_valid else str(signal)
        parts = [part.values.to_numpy() for part in (values, times) if part.is_valid]
        samples = np.concatenate(parts)
        found.setdefault(point_id, {})[name] = samples
    return found
