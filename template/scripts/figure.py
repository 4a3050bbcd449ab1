"""Draw the steady potential of the soma against the current that is injected.

Reads   input.database: table current_steps
Writes  output.figure
"""

import sqlite3
from contextlib import closing

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

QUERY = """
    SELECT amplitude, soma_v_final FROM current_steps WHERE status = 'ok' ORDER BY amplitude
"""


def read(database: str) -> pd.DataFrame:
    """Return the points: current in nA, potential in mV."""
    with closing(sqlite3.connect(database)) as connection:
        return pd.read_sql(QUERY, connection)


def draw(points: pd.DataFrame) -> Figure:
    """Draw the points, and a line through them, whose slope is the input resistance."""
    mpl.rcParams["pdf.fonttype"] = 42
    slope, rest = np.polyfit(points["amplitude"], points["soma_v_final"], 1)
    figure = Figure(figsize=(3.3, 2.6), layout="constrained")
    axes = figure.subplots()
    axes.plot(points["amplitude"], slope * points["amplitude"] + rest, color="0.7")
    axes.plot(points["amplitude"], points["soma_v_final"], "o", color="C0")
    axes.set_xlabel("injected current (nA)")
    axes.set_ylabel("steady potential (mV)")
    axes.set_title(f"input resistance {slope:.0f} MΩ", fontsize="medium")
    return figure


if __name__ == "__main__":
    # Without its date, so that the same points give the same bytes.
    drawn = draw(read(snakemake.input.database))
    drawn.savefig(snakemake.output.figure, metadata={"CreationDate": None})
