"""Snakemake, as `python -m snakemake`; Ctrl-C ends it without a traceback from its first line on."""

import runpy

from dendroflow.jobs.shown import hide_interrupts

if __name__ == "__main__":
    hide_interrupts()
    runpy.run_module("snakemake", run_name="__main__", alter_sys=True)
