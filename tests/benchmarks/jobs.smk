"""The same sweep as one Snakemake job a point: what a good user of Snakemake writes first."""

import pandas as pd

POINTS = pd.read_csv(config["points"], nrows=config["count"])
POINTS = POINTS.rename(columns=lambda path: path.removeprefix("parameters."))


rule all:
    input:
        "results.sqlite",


rule simulate:
    output:
        "points/{index}.json",
    params:
        case=config["case"],
        values=lambda wildcards: POINTS.iloc[int(wildcards.index)].to_dict(),
    script:
        "one_point.py"


rule gather:
    input:
        expand("points/{index}.json", index=range(len(POINTS))),
    output:
        "results.sqlite",
    params:
        points=config["points"],
    script:
        "gather_points.py"
