"""Three questions to the database of the default configuration, with sqlite3 and pandas.

Run it after `make run`, as a script (`.venv/bin/python docs/examples/query.py`) or cell by cell in
an editor that knows `# %%`. Another folder of results may be given as argument.
"""

# %% Where the results are
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd

results = Path(sys.argv[1] if len(sys.argv) > 1 else "results")
database = results / "dendroflow.sqlite"

# %% Until which temperature does the stimulus evoke an action potential?
# SQL is enough where the answer is a row per group.
with closing(sqlite3.connect(database)) as connection:
    last_spike = pd.read_sql(
        """
        SELECT gnabar, MAX(celsius) AS last_celsius
        FROM hh_temperature
        WHERE spike_count > 0
        GROUP BY gnabar
        """,
        connection,
        index_col="gnabar",
    )
print("Last temperature (°C) with an action potential, by sodium conductance (S/cm²):")
print(last_spike, end="\n\n")

# %% How do the intervals between spikes depend on the strength of the synapse?
# Features with several values, such as one per interval, have them all in feature_values.
with closing(sqlite3.connect(database)) as connection:
    intervals = pd.read_sql(
        """
        SELECT weight, seed, position, value AS interval
        FROM feature_values
        JOIN synaptic_drive USING (point_id)
        WHERE experiment = 'synaptic_drive' AND feature = 'all_ISI_values'
        """,
        connection,
    )
by_weight = intervals.groupby("weight")["interval"].agg(["count", "mean", "std"])
print("Intervals between spikes (ms), by synaptic weight (µS):")
print(by_weight.round(2), end="\n\n")

# %% What does the last action potential before the block look like?
# The database leads to the trace: a point lies in a batch, a batch in the folder of its code.
with closing(sqlite3.connect(database)) as connection:
    hottest = pd.read_sql(
        """
        SELECT point_id, batch, simulation_code, celsius, gnabar
        FROM hh_temperature
        JOIN batches USING (batch)
        WHERE experiment = 'hh_temperature' AND spike_count > 0
        ORDER BY celsius DESC, gnabar
        LIMIT 1
        """,
        connection,
    ).iloc[0]
traces = pd.read_parquet(
    results
    / "hh_temperature"
    / hottest["simulation_code"]
    / "traces"
    / f"{hottest['batch']}.parquet",
    filters=[("point_id", "==", hottest["point_id"])],
)
trace = traces.set_index("signal").loc["soma_v"]
potential = pd.Series(
    trace["values"], index=trace["t0"] + trace["dt"] * np.arange(len(trace["values"]))
)
print(
    f"At {hottest['celsius']:g} °C and {hottest['gnabar']:g} S/cm² the potential peaks after "
    f"{potential.idxmax():.2f} ms at {potential.max():.1f} mV."
)
