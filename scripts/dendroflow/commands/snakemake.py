"""Snakemake, which Ctrl-C ends without a traceback even where it still imports."""

import runpy

from dendroflow.jobs.shown import hide_interrupts

if __name__ == "__main__":
    hide_interrupts()
    runpy.run_module("snakemake", run_name="__main__", alter_sys=True)
