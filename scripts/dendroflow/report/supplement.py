"""What a paper says of its simulations: a table of parameters, and a paragraph of methods."""

from collections.abc import Sequence

import pandas as pd

from dendroflow.report.contents import Contents, Part

COLUMNS = ("experiment", "name", "value or range", "unit", "meaning")


def parameters(parts: Sequence[Part]) -> pd.DataFrame:
    """All that was set in each experiment, swept or not, with unit and meaning: `COLUMNS`."""
    found = []
    for part in parts:
        found += [
            (part.name, row.name, row.values, row.unit, row.meaning)
            for row in part.rows
            if row.kind == "swept"
        ]
        found += [
            (part.name, each.path, each.value, each.unit, each.meaning) for each in part.settings
        ]
    return pd.DataFrame(found, columns=COLUMNS)


def as_latex(table: pd.DataFrame) -> str:
    """A long table; what LaTeX takes for markup is escaped."""
    return table.to_latex(
        index=False,
        longtable=True,
        escape=True,
        caption="Parameters and settings of the simulations.",
        label="tab:parameters",
    )


def methods(contents: Contents) -> str:
    """A paragraph that says what was simulated, with which versions, and what failed."""
    parts, versions = contents.parts, contents.versions
    points = sum(part.points for part in parts)
    failed = sum(part.failed for part in parts)
    settings = [each for part in parts for each in part.settings]
    steps = {f"{one.value} {one.unit}" for one in settings if one.path.endswith("simulation.dt")}
    solvers = {one.value for one in settings if one.path.endswith("simulation.solver")}
    sentences = [
        f"Simulations were run with NEURON {versions.get('neuron', '')}"
        + (" and its engine CoreNEURON" if "coreneuron" in contents.engines else "")
        + f" by dendroflow {versions.get('dendroflow', '')}, a workflow of Snakemake "
        f"{versions.get('snakemake', '')} under Python {versions.get('python', '')}.",
    ]
    if solvers:
        rules = " and ".join(sorted(value.replace("_", " ") for value in solvers))
        when = f" with time steps of {' and '.join(sorted(steps))}" if steps else ""
        sentences.append(f"Equations were integrated by {rules}{when}.")
    sentences.append(
        f"In {len(parts)} {'experiment' if len(parts) == 1 else 'experiments'}, {points} points "
        f"were simulated"
        + (f", of which {failed} failed and are listed in failures.csv." if failed else ".")
    )
    sentences += [f"{part.title}: {part.points} points." for part in parts]
    sentences.append("All parameters and settings are in parameters.csv.")
    return " ".join(sentences) + "\n"
