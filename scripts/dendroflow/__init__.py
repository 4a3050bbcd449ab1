"""dendroflow: reproducible parameter sweeps of NEURON models."""

from pathlib import Path
from typing import Any

__version__ = "0.2.0"


def snakefile() -> Path:
    """The workflow's Snakefile: beside the library in a checkout, inside of it if installed."""
    library = Path(__file__).parent
    packaged = library / "workflow" / "Snakefile"
    return packaged if packaged.exists() else library.parents[1] / "Snakefile"


def __getattr__(name: str) -> Any:
    # Imported where they are used: they take half a second.
    if name in ("simulate", "run"):
        from dendroflow.jobs import session

        return getattr(session, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
