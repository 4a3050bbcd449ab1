"""NEURON's steady state under a constant current into the soma, computed in a process of its own.

`python -m dendroflow.quality.steady_state cell.swc settings.json answer.json`

A place that lets little current pass shows as a large fall of the potential over a short distance,
and a part that is not connected as one that stays at rest. It is the electrical test of NEURON's
course on morphometric data (nrn, docs/courses/using_morphometric_data.rst).
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

import dendroflow
from dendroflow.quality.result import NotMeasurableError
from dendroflow.settings.quality import ElectricalLimits

# Deeply branched trees exceed the stack of NEURON's interpreter.
_OPTIONS = "-nogui -NFRAME 20000 -NSTACK 200000"
# The test of NEURON's course: an axial resistivity so low that a sound cell is nearly isopotential.
REACH_RA_OHM_CM, REACH_G_S_PER_CM2 = 10.0, 1e-5
CURRENT_NA = 0.1


@dataclass(frozen=True)
class Response:
    """A cell's answer in the steady state.

    Attributes
    ----------
    sections, roots, orphans : int
        Sections, those without a parent, and those that are not connected to the first soma.
    neurite_length_um, soma_area_um2, area_um2 : float
        Length of all sections but the soma's, area of the soma's, area of all.
    input_resistance_mohm : float
        Depolarisation of the soma over the current.
    reach, tip_mean : float
        Depolarisation over that of the soma: the least of all segments, the mean of all tips.
    drop, drop_p99 : float
        Largest fall between neighbouring segments over the depolarisation of the soma, and its
        99th percentile.
    place : str
        Section and position of the largest fall.
    xyz : tuple of float
        Where that is (µm).
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


def respond(data: bytes, suffix: str, limits: ElectricalLimits) -> dict[str, Response]:
    """Run NEURON on a file, and return its answers under three membranes.

    Returns
    -------
    dict
        `bottleneck`, `reach` (that of NEURON's course) and `passive` (for the input resistance).

    Raises
    ------
    NotMeasurableError
        If NEURON crashes on the file, hangs, or cannot read it.
    """
    library = str(Path(dendroflow.__file__).parents[1])
    paths = [library, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(paths),
        "NEURON_MODULE_OPTIONS": _OPTIONS,
    }
    with tempfile.TemporaryDirectory(prefix="dendroflow-") as folder:
        here = Path(folder)
        (here / f"cell.{suffix}").write_bytes(data)
        (here / "settings.json").write_text(limits.model_dump_json(), encoding="utf-8")
        arguments = [f"cell.{suffix}", "settings.json", "answer.json"]
        try:
            run = subprocess.run(
                [sys.executable, "-m", "dendroflow.quality.steady_state", *arguments],
                cwd=here,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=limits.timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise NotMeasurableError(f"NEURON takes longer than {limits.timeout_s:g} s") from error
        if run.returncode < 0:
            raise NotMeasurableError(f"NEURON crashes on the file (signal {-run.returncode})")
        answer = here / "answer.json"
        if run.returncode or not answer.exists():
            said = run.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise NotMeasurableError(f"NEURON cannot read the file: {'; '.join(said)[:300]}")
        content = json.loads(answer.read_text(encoding="utf-8"))
    return {
        name: Response(**{**response, "xyz": tuple(response["xyz"])})
        for name, response in content.items()
    }


def steady_state(cell: Any, ra: float, conductance: float, segment_um: float) -> Response:
    """Return the steady state of a cell that Import3d has made.

    Parameters
    ----------
    cell : object
        Its sections are those of NEURON's interpreter; `cell.soma` lists those of the soma.
    ra, conductance : float
        Axial resistivity (Ω·cm) and membrane conductance (S/cm²).
    segment_um : float
        Longest segment (µm).
    """
    from neuron import h

    sections = list(h.allsec())
    for section in sections:
        section.nseg = 1 + 2 * int(section.L / (2 * segment_um))
        section.Ra = ra
        section.insert("pas")
        for segment in section:
            segment.pas.g, segment.pas.e = conductance, 0.0
    centre = cell.soma[0](0.5)
    clamp = h.IClamp(centre)
    clamp.delay, clamp.dur, clamp.amp = 0.0, 1e30, CURRENT_NA
    # The implicit step of a linear membrane ends in the steady state if it is long enough.
    h.dt = 1e12
    h.finitialize(0.0)
    for _ in range(3):
        h.fadvance()
    segments = [segment for section in sections for segment in section]
    relative = np.array([segment.v for segment in segments]) / centre.v
    drops = list(_drops(sections))
    falls = np.array([fall for fall, _ in drops]) / centre.v if drops else np.zeros(1)
    worst = drops[int(falls.argmax())][1] if drops else centre
    tips = [section(1).v / centre.v for section in sections if not section.children()]
    roots = [section for section in sections if section.parentseg() is None]
    soma = set(cell.soma)
    joined = set(cell.soma[0].wholetree())
    return Response(
        sections=len(sections),
        roots=len(roots),
        orphans=sum(section not in joined for section in sections),
        neurite_length_um=sum(section.L for section in sections if section not in soma),
        soma_area_um2=sum(segment.area() for part in soma for segment in part),
        area_um2=sum(segment.area() for segment in segments),
        input_resistance_mohm=centre.v / CURRENT_NA,
        reach=float(relative.min()),
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
    points = range(section.n3d())
    arcs = [section.arc3d(k) for k in points]
    at = segment.x * section.L
    x, y, z = (
        float(np.interp(at, arcs, [read(k) for k in points]))
        for read in (section.x3d, section.y3d, section.z3d)
    )
    return x, y, z


def _main(source: str, settings: str, answer: str) -> None:
    from dendroflow.morphology.import3d import import3d

    limits = ElectricalLimits.model_validate_json(Path(settings).read_text(encoding="utf-8"))
    cell = import3d(Path(source))
    if not getattr(cell, "soma", None):
        sys.exit("it makes no soma of it, into which a current could flow")
    size = limits.segment_um
    responses = {
        "bottleneck": steady_state(cell, limits.ra_ohm_cm, limits.g_s_per_cm2, size),
        "reach": steady_state(cell, REACH_RA_OHM_CM, REACH_G_S_PER_CM2, size),
        "passive": steady_state(cell, limits.axial_ohm_cm, 1 / limits.membrane_ohm_cm2, size),
    }
    content = {name: asdict(response) for name, response in responses.items()}
    Path(answer).write_text(json.dumps(content), encoding="utf-8")


if __name__ == "__main__":
    _main(*sys.argv[1:])
