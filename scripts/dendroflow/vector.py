"""The processor's vector unit: what CoreNEURON's mechanisms are compiled for, and how it went."""

import hashlib
import importlib.metadata
import platform
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# exp, log and pow that need no call.
HEADER = Path(__file__).with_name("vector.hpp")
# No reassociation, and no fused multiplications but those that are written: bits are the same
# whatever lies in the other lanes. Mechanisms read neither errno nor the processor's exceptions.
FLAGS = ("-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off")
# Which loops come out as vector instructions.
REPORT = "-fopt-info-vec-optimized"
# Currents are evaluated once with their derivative, and updates of states are simplified. Never
# `--localize` and `--opt-ionvar-copy`, by which recorded conductances and currents are not written.
NMODL = "host --c sympy --analytic --conductance passes --inline"

# By itself the compiler takes half of the width.
WIDEST = {"x86-64-v4": ("-mprefer-vector-width=512",)}
# What a processor must say that it has.
_V3 = frozenset({"avx2", "fma", "bmi1", "bmi2", "f16c", "movbe"})
_V4 = _V3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}

_LOOPS = {"cur": "current", "state": "states"}


@dataclass(frozen=True)
class Target:
    """What mechanisms are compiled for.

    Attributes
    ----------
    name
        the instruction set whose arithmetic decides the bits; "plain" where none pays.
    march
        the instruction set for the compiler, which may be wider; empty for plain.
    """

    name: str
    march: str = ""

    @property
    def code(self) -> str:
        """What decides the bits: the arithmetic, and how it is used; not the vectors' width."""
        if not self.march:
            return f"{self.name} {platform.machine()}"
        how = hashlib.sha256(HEADER.read_bytes() + " ".join([*FLAGS, NMODL]).encode())
        sympy = importlib.metadata.version("sympy")
        return f"{self.name} {how.hexdigest()[:16]} sympy {sympy}"

    @property
    def options(self) -> list[str]:
        """Options of `nrnivmodl-core`."""
        if not self.march:
            return []
        flags = [*FLAGS, f"-march={self.march}", *WIDEST.get(self.march, ()), REPORT]
        flags += ["-include", str(HEADER)]
        return ["-i", " ".join(flags), "-a", NMODL]


@cache
def targets_of_machine(cpuinfo: Path = Path("/proc/cpuinfo")) -> tuple[Target, ...]:
    """What this machine can run, the fastest first.

    Without AVX2 and FMA it is the plain build alone: fused multiplications that are emulated take
    longer than NEURON.
    """
    machine, plain = platform.machine(), Target("plain")
    if machine in ("aarch64", "arm64"):
        return Target("armv8-a", "armv8-a"), plain
    flags: set[str] = set()
    if machine == "x86_64" and cpuinfo.exists():
        found = re.search(r"^flags\s*:(.*)$", cpuinfo.read_text(encoding="utf-8"), re.MULTILINE)
        flags = set(found[1].split()) if found else set()
    wide = (Target("x86-64-v3", "x86-64-v4"),) if flags >= _V4 else ()
    return (*wide, *((Target("x86-64-v3", "x86-64-v3"),) if flags >= _V3 else ()), plain)


def loops_report(said: str, generated: Path) -> list[str]:
    """A line for each mechanism: which of its loops run on the vector unit.

    Parameters
    ----------
    said
        by the compiler.
    generated
        the folder of the C++ of mechanisms.
    """
    lines: dict[str, set[int]] = {}
    for name, line in re.findall(r"(\w+)\.cpp:(\d+):\d+: optimized: loop vectorized", said):
        lines.setdefault(name, set()).add(int(line))
    report = []
    for path in sorted(generated.glob("*.cpp")):
        loops: dict[str, bool] = {}
        function, awaited = "", False
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if found := re.match(r"\s*void nrn_(\w+?)_\w+\(", text):
                function = found[1]
            awaited = awaited or "#pragma omp simd" in text
            if awaited and re.match(r"\s*for \(", text):
                awaited = False
                if function in _LOOPS:
                    # The compiler names the line of the loop's first statement.
                    here = {number, number + 1}
                    loops[_LOOPS[function]] = not here.isdisjoint(lines.get(path.stem, ()))
        told = [f"{loop} {'vector' if done else 'one by one'}" for loop, done in loops.items()]
        if told:
            report.append(f"{path.stem}: {', '.join(told)}")
    return report
