"""Searching a value for each of some points: all of them together, in lanes.

Each point looks at the ends of a few parts of its range. Where its condition changes there, the
part is halved until it is as narrow as asked; an equation takes Chandrupatla's method, which
narrows it faster. Where nothing changes, the range grows.
"""

import ctypes
import json
import os
import pickle
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dendroflow.errors import DendroflowError
from dendroflow.features.extract import extraction
from dendroflow.kernel.globals import NotSharedError
from dendroflow.kernel.lanes import GroupFailedError, GroupResult, Outcome
from dendroflow.kernel.points import Point
from dendroflow.runs.results import Size, outcome_table, trace_table
from dendroflow.settings.features import Features
from dendroflow.settings.protocols import Search

Simulate = Callable[[Sequence[Point]], GroupResult]
Measure = Callable[[pa.Table, pa.Table], pa.Table]
Array = NDArray[np.float64]

# How a search ends, and what that says; {end} is how far it looked.
FOUND = "found"
NEVER, ALWAYS = "never", "true everywhere"
WITHOUT, BEYOND, FAILED = "holds without it", "out of bounds", "simulation failed"
WORDS = {
    NEVER: "{such_that} never holds up to {end:g}",
    ALWAYS: "{such_that} holds everywhere from {low:g} to {end:g}",
    WITHOUT: "{such_that} holds without it, at 0",
    BEYOND: "{such_that} does not begin to hold between {low:g} and {end:g}",
}

_PDEATHSIG = 1


@dataclass(frozen=True)
class Searching:
    """What is searched under a protocol, and what measures the features of its condition."""

    search: Search
    measure: Measure


def searching(
    asked: Mapping[str, Features], protocols: Mapping[str, Mapping[str, Any]]
) -> dict[str, Searching]:
    """What is searched under each protocol that searches.

    Parameters
    ----------
    asked
        what is measured under each protocol.
    protocols
        name -> its notes in a plan.
    """
    found = {}
    for name, said in protocols.items():
        if said["search"]:
            search = Search(**said["search"])
            features = asked[name].only(search.condition.names)
            found[name] = Searching(search, extraction({"": features}))
    return found


@dataclass
class _Trial:
    value: float
    excess: float
    holds: bool
    status: str
    error: str | None


@dataclass
class _State:
    """What is known of one point; `bracket` are two values between which its answer lies."""

    point: Point
    trials: dict[float, _Trial] = field(default_factory=dict)
    bracket: tuple[float, float] | None = None
    end: str = ""
    found: float = np.nan
    changes: int = 0

    @property
    def in_order(self) -> list[_Trial]:
        """What was tried and came out, by value."""
        return [t for _, t in sorted(self.trials.items()) if t.status == "ok"]


def search_together(
    points: Sequence[Point], searching: Searching, simulate: Simulate
) -> GroupResult:
    """Search the value of each point, and simulate it there.

    Parameters
    ----------
    points
        of one protocol and equal settings.
    simulate
        simulates points in lanes.

    Returns
    -------
    GroupResult
        outcomes in the order of the points, each with its search; where nothing is found, its
        status is `not_found`. Traces are those at what was found.
    """
    started, search = time.perf_counter(), searching.search
    states = [_State(point) for point in points]
    trials = _Trials(searching, simulate, len(points))
    _find_brackets(states, search, trials)
    to_narrow = [state for state in states if state.bracket]
    if search.kind == "value":
        _solve(to_narrow, search, trials)
    else:
        _bisect(to_narrow, search, trials)
    there = [state for state in states if state.end == FOUND]
    results = list(trials.simulate([s.point.with_value(search.path, s.found) for s in there]))
    seconds = (time.perf_counter() - started) / len(points)
    at_answer = {outcome.point_id: outcome for result in results for outcome in result.outcomes}
    outcomes = tuple(_outcome(state, search, at_answer, seconds) for state in states)
    traces = [result.traces for result in results if result.traces]
    columns = traces[0] if traces else {}
    return GroupResult(
        outcomes,
        {name: pa.concat_arrays([each[name] for each in traces]) for name in columns},
        samples=trials.samples,
        left=trials.left,
    )


class _Trials:
    """Simulates points at trial values, as many at once as keep a core busy."""

    def __init__(self, searching: Searching, simulate: Simulate, points: int) -> None:
        self._searching, self._simulate = searching, simulate
        self._points = self._lanes = points
        self.samples = 0
        self.left: Any = ()

    def __call__(self, asked: Iterable[tuple[_State, float]]) -> None:
        """Try values that were not tried yet."""
        search = self._searching.search
        new = {(id(s), x): (s, x) for s, x in asked if x not in s.trials}
        pairs = list(new.values())
        named = [
            replace(state.point.with_value(search.path, value), point_id=str(number))
            for number, (state, value) in enumerate(pairs)
        ]
        for result in self.simulate(named):
            found = self._searching.measure(trace_table(result), outcome_table(result))
            columns = {n: found[n].to_numpy().astype(float) for n in search.condition.names}
            excess, holds = (f(columns) for f in (search.condition.excess, search.condition.holds))
            rows = zip(found.to_pylist(), np.broadcast_to(excess, len(found)), strict=True)
            for i, (row, above) in enumerate(rows):
                state, value = pairs[int(row["point_id"])]
                true = bool(np.broadcast_to(holds, len(found))[i])
                state.trials[value] = _Trial(value, float(above), true, row["status"], row["error"])

    def simulate(self, points: Sequence[Point]) -> Iterator[GroupResult]:
        """Simulate points; one whose simulation fails as such is `failed`."""
        begun = 0
        while begun < len(points):
            some = points[begun : begun + self._lanes]
            begun += len(some)
            try:
                result = self._simulate(some)
            except GroupFailedError as error:
                if self._points > 1:
                    # Which point is to blame is found by halving the group.
                    raise
                if len(some) > 1:
                    for point in some:
                        yield from self.simulate([point])
                    continue
                (point,) = some
                outcome = Outcome(point.point_id, "failed", str(error), None, None, point.protocol)
                result = GroupResult((outcome,), {})
            if size := Size.of(result):
                self._lanes = max(self._points, size.lanes)
            self.samples, self.left = max(self.samples, result.samples), result.left or self.left
            yield result


def _find_brackets(states: Sequence[_State], search: Search, trials: _Trials) -> None:
    (first, last), low = search.range, search.range[0]
    todo = list(states)
    while todo:
        grid = np.linspace(first, last, search.grid + 1).tolist()
        trials((state, value) for state in todo for value in grid)
        for state in todo:
            _look(state, search)
        todo = [state for state in todo if not (state.end or state.bracket)]
        if last >= search.end:
            break
        first, last = last, min(last + (last - low), search.end)
    for state in todo:
        state.end = _why_not(state, search)


def _look(state: _State, search: Search) -> None:
    """Note where the condition changes among what was tried, or how the search ends."""
    tried = state.in_order
    if search.kind == "value":
        tried = [trial for trial in tried if np.isfinite(trial.excess)]
        above = [trial.excess >= 0 for trial in tried]
        changes = [k for k in range(1, len(tried)) if above[k] != above[k - 1]]
    else:
        holds = [trial.holds for trial in tried]
        begins, ends = (
            [k for k in range(1, len(tried)) if holds[k] is now and holds[k - 1] is not now]
            for now in (True, False)
        )
        smallest = search.kind == "smallest"
        changes = begins if smallest else ends[::-1]
        if smallest and holds and holds[0] and tried[0].value == search.range[0]:
            if all(holds) and tried[0].value != 0:
                state.end = ALWAYS
            else:
                state.end = WITHOUT if tried[0].value == 0 else BEYOND
            return
        if not smallest and holds and holds[-1]:
            # It may end further up.
            changes = []
    state.changes = len(changes)
    if changes:
        state.bracket = tried[changes[0] - 1].value, tried[changes[0]].value


def _why_not(state: _State, search: Search) -> str:
    tried = state.in_order
    if len(tried) < len(state.trials):
        return FAILED
    if search.kind == "value":
        return BEYOND
    if all(trial.holds for trial in tried):
        return ALWAYS
    return BEYOND if any(trial.holds for trial in tried) else NEVER


def _is_narrow(low: float, high: float, search: Search) -> bool:
    width, size = high - low, max(abs(low), abs(high))
    fine = search.tolerance is not None and width <= search.tolerance
    middle = (low + high) / 2
    return (
        fine
        or (search.relative_tolerance is not None and width <= search.relative_tolerance * size)
        or not low < middle < high
    )


def _bisect(states: Sequence[_State], search: Search, trials: _Trials) -> None:
    upper = search.kind == "smallest"
    todo = list(states)
    while todo:
        wide = []
        for state in todo:
            assert state.bracket is not None
            if _is_narrow(*state.bracket, search):
                state.end, state.found = FOUND, state.bracket[upper]
            else:
                wide.append((state, sum(state.bracket) / 2))
        trials(wide)
        todo = []
        for state, middle in wide:
            trial = state.trials[middle]
            assert state.bracket is not None
            if trial.status != "ok":
                state.end = FAILED
                continue
            low, high = state.bracket
            state.bracket = (low, middle) if trial.holds is upper else (middle, high)
            todo.append(state)


def _solve(states: Sequence[_State], search: Search, trials: _Trials) -> None:
    from scipy.optimize import elementwise

    if not states:
        return

    def excess(values: Array, numbers: Array) -> Array:
        pairs = [
            (states[int(n)], float(x))
            for n, x in zip(numbers.ravel(), np.asarray(values).ravel(), strict=True)
        ]
        trials(pairs)
        found = [s.trials[x].excess if s.trials[x].status == "ok" else np.nan for s, x in pairs]
        return np.array(found).reshape(np.shape(values))

    low, high = np.array([state.bracket for state in states]).T
    # It ends when a bracket is twice as wide as this.
    tolerances = {
        "xatol": (search.tolerance or 0.0) / 2,
        "xrtol": (search.relative_tolerance or 0.0) / 2,
        "fatol": 0.0,
        "frtol": 0.0,
    }
    result = elementwise.find_root(  # type: ignore[call-overload]
        excess, (low, high), args=(np.arange(len(states), dtype=float),), tolerances=tolerances
    )
    for k, state in enumerate(states):
        if result.status[k] != 0:
            state.end = FAILED
            continue
        ends = sorted((float(result.bracket[0][k]), float(result.bracket[1][k])))
        state.bracket = ends[0], ends[1]
        state.end, state.found = FOUND, float(result.x[k])


def _outcome(
    state: _State, search: Search, at_answer: Mapping[str, Outcome], seconds: float
) -> Outcome:
    low, high = state.bracket or (None, None)
    found = None if state.end != FOUND else state.found
    holding = _holding(state.point, search)
    said = {
        "found": found,
        "low": low,
        "high": high,
        "changes": state.changes,
        "end": state.end,
        "holding": holding,
        "total": None if found is None or holding is None else found + holding,
        "trials": [
            {
                "value": t.value,
                "excess": t.excess if np.isfinite(t.excess) else None,
                "holds": t.holds if search.kind != "value" else None,
                "status": t.status,
            }
            for t in state.trials.values()
        ],
    }
    text = json.dumps(said)
    if found is not None:
        outcome = at_answer[state.point.point_id]
        error = outcome.error
        if state.changes > 1 and error is None:
            error = f"the condition begins to hold {state.changes} times; this is the " + (
                "last" if search.kind == "largest" else "first"
            )
        return replace(
            outcome, runtime_s=seconds, search=text, error=error, protocol=state.point.protocol
        )
    values = {"such_that": search.such_that, "low": search.range[0], "end": max(state.trials)}
    failed = next((t for t in state.trials.values() if t.status != "ok"), None)
    why = WORDS[state.end].format(**values) if state.end in WORDS else state.end
    if state.end == FAILED and failed is not None:
        why = f"{FAILED} at {failed.value:g}: {failed.error or failed.status}"
    return Outcome(
        *(state.point.point_id, "not_found", why, seconds, None, state.point.protocol), text
    )


def _holding(point: Point, search: Search) -> float | None:
    """The steady current beside a step whose amplitude is searched (nA); None of other values."""
    _, name, key = [*search.path.split("."), "", ""][:3]
    own = point.stimuli.get(name, {})
    if key != "amplitude" or own.get("kind") not in ("step", "ramp", "pulses"):
        return None
    start = own["delay"]
    others = (s for other, s in point.stimuli.items() if other != name)
    return sum(
        float(s["amplitude"])
        for s in others
        if s["kind"] == "step"
        and s["at"] == own["at"]
        and s["delay"] <= start
        and s["delay"] + s["duration"] >= start + own.get("duration", 0.0)
    )


def in_a_fork(simulate: Simulate, points: Sequence[Point]) -> GroupResult:
    """Simulate points in a process that ends with them.

    Raises
    ------
    GroupFailedError
        If the process dies.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL)
        os.close(reader)
        reply: Any
        try:
            reply = simulate(points)
        except (DendroflowError, NotSharedError, GroupFailedError) as error:
            reply = error
        except BaseException as error:
            reply = GroupFailedError(f"{type(error).__name__}: {error}")
        with os.fdopen(writer, "wb") as pipe:
            pickle.dump(reply, pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if not said or code:
        cause = f"died of {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        raise GroupFailedError(f"the process {cause}")
    reply = pickle.loads(said)
    if isinstance(reply, Exception):
        raise reply
    result: GroupResult = reply
    return result
