"""NEURON's steady state under a constant current into the soma, computed in a process of its own.

`python -m dendroflow.quality.steady_state cell.swc <settings, as JSON> answer.json`

A place that lets little current pass shows as a large fall of the potential over a short distance,
and a part that is not connected as one that stays at rest. It is the electrical test of NEURON's
course on morphometric data (nrn, docs/courses/using_morphometric_data.rst).
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from dendroflow.morphology.import3d import import3d, run_with_neuron
from dendroflow.quality.result import NotMeasurableError
from dendroflow.settings.quality import ElectricalLimits

CURRENT_NA = 0.1


@dataclass(frozen=True)
class Response:
    """A cell's answer in the steady state.

    Attributes
    ----------
    sections, roots, orphans
        Sections, those without a parent, and those that are not connected to the first soma.
    neurite_length_um, soma_area_um2, area_um2
        Length of all sections but the soma's, area of the soma's, area of all.
    input_resistance_mohm
        Depolarisation of the soma over the current.
    reach, tip_mean
        Depolarisation over that of the soma: the least of all segments, the mean of all tips.
    drop, drop_p99
        Largest fall between neighbouring segments over the depolarisation of the soma, and its
        99th percentile.
    place, xyz
        Section and position of the largest fall, and where that is (µm).
    """

    sections: int
    roots: int
    orphans: int
    neurite_length_um: float
    soma_area_um2: float
    area_um2: float
    input_resistance_mohm: float
    reach: float
    tip_mean: float
    drop: float
    drop_p99: float
    place: str
    xyz: tuple[float, float, float]


_RESPONSES = TypeAdapter(dict[str, Response])


@lru_cache(maxsize=1)
def responses(
    data: bytes, suffix: str, limits: ElectricalLimits
) -> dict[str, Response] | NotMeasurableError:
    """Run NEURON on a file, once for all checks that ask; return its answers under two membranes.

    They are `bottleneck` and `passive` (for the input resistance). If NEURON crashes on the file,
    hangs, or cannot read it, the error is returned.
    """
    with tempfile.TemporaryDirectory(prefix="dendroflow-") as folder:
        answer = Path(folder, "answer.json")
        Path(folder, f"cell.{suffix}").write_bytes(data)
        arguments = [f"cell.{suffix}", limits.model_dump_json(), answer.name]
        try:
            run = run_with_neuron(
                "dendroflow.quality.steady_state", arguments, folder, limits.timeout_s
            )
        except subprocess.TimeoutExpired:
            return NotMeasurableError(f"NEURON takes longer than {limits.timeout_s:g} s")
        if run.returncode < 0:
            return NotMeasurableError(f"NEURON crashes on the file (signal {-run.returncode})")
        if run.returncode or not answer.exists():
            said = run.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
            return NotMeasurableError(f"NEURON cannot read the file: {'; '.join(said)[:300]}")
        return _RESPONSES.validate_json(answer.read_bytes())


def steady_state(cell: Any, ra: float, conductance: float, segment_um: float) -> Response:
    """Return the steady state of a cell that Import3d has made, of all sections that NEURON has.

    They get an axial resistivity (Ω·cm) and a membrane conductance (S/cm²).
    """
    from neuron import h

    sections = list(h.allsec())
    for section in sections:
        section.nseg = 1 + 2 * int(section.L / (2 * segment_um))
        section.Ra = ra
        section.insert("pas")
        section.g_pas, section.e_pas = conductance, 0.0
    centre = cell.soma[0](0.5)
    clamp = h.IClamp(centre)
    clamp.delay, clamp.dur, clamp.amp = 0.0, 1e30, CURRENT_NA
    # The implicit step of a linear membrane ends in the steady state if it is long enough.
    h.dt = 1e12
    h.finitialize(0.0)
    for _ in range(3):
        h.fadvance()
    segments = [segment for section in sections for segment in section]
    drops = list(_drops(sections)) or [(0.0, centre)]
    falls = np.array([fall for fall, _ in drops]) / centre.v
    worst = drops[int(falls.argmax())][1]
    tips = [section(1).v / centre.v for section in sections if not section.children()]
    soma = set(cell.soma)
    joined = set(cell.soma[0].wholetree())
    return Response(
        sections=len(sections),
        roots=sum(section.parentseg() is None for section in sections),
        orphans=sum(section not in joined for section in sections),
        neurite_length_um=sum(section.L for section in sections if section not in soma),
        soma_area_um2=sum(segment.area() for part in soma for segment in part),
        area_um2=sum(segment.area() for segment in segments),
        input_resistance_mohm=centre.v / CURRENT_NA,
        reach=min(segment.v for segment in segments) / centre.v,
        tip_mean=float(np.mean(tips)),
        drop=float(falls.max()),
        drop_p99=float(np.percentile(falls, 99)),
        place=f"{worst.sec.name().rpartition('.')[2]}({worst.x:.3f})",
        xyz=_position(worst),
    )


def _drops(sections: list[Any]) -> Iterator[tuple[float, Any]]:
    """The fall of the potential (mV) towards each segment from the one before it."""
    for section in sections:
        before = section.parentseg()
        for segment in section:
            if before is not None:
                yield abs(before.v - segment.v), segment
            before = segment


def _position(segment: Any) -> tuple[float, float, float]:
    """Coordinates of a segment's centre (µm)."""
    section = segment.sec
    reads = (section.arc3d, section.x3d, section.y3d, section.z3d)
    arcs, *columns = ([read(k) for k in range(section.n3d())] for read in reads)
    x, y, z = (float(np.interp(segment.x * section.L, arcs, column)) for column in columns)
    return x, y, z


def _main(source: str, settings: str, answer: str) -> None:
    limits = ElectricalLimits.model_validate_json(settings)
    cell = import3d(Path(source))
    if not getattr(cell, "soma", None):
        sys.exit("it makes no soma of it, into which a current could flow")
    content = {
        name: steady_state(cell, ra, conductance, limits.segment_um)
        for name, ra, conductance in (
            ("bottleneck", limits.ra_ohm_cm, limits.g_s_per_cm2),
            ("passive", limits.axial_ohm_cm, 1 / limits.membrane_ohm_cm2),
        )
    }
    Path(answer).write_text(json.dumps(content, default=vars), encoding="utf-8")


if __name__ == "__main__":
    _main(*sys.argv[1:])
