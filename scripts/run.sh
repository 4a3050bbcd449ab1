#!/bin/sh
# Run a configuration, write the report if anything changed, and sum up.
set -u
config=$1
cores=$2
started=$(date +%s)

[ -f "$config" ] || {
    echo "dendroflow: there is no $config" >&2
    exit 1
}
# Snakemake would run the Python of a file that says it is a template.
PYTHONPATH=scripts python -m dendroflow.settings "$config" || exit 1
# Snakemake keeps copies of scripts in the home.
cache=${XDG_CACHE_HOME:-${HOME:-}/.cache}/snakemake
mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ] || export XDG_CACHE_HOME="$PWD/.snakemake/cache"
snakemake --cores "$cores" --configfile "$config"
code=$?
report=results/report.html
if [ $code -eq 0 ] && [ -n "$(find results/dendroflow.sqlite results/figures -newer $report 2>/dev/null || echo none)" ]; then
    snakemake --cores "$cores" --configfile "$config" --report $report >results/logs/report.log 2>&1 || {
        code=$?
        echo "dendroflow: the report could not be written; see results/logs/report.log" >&2
    }
fi
PYTHONPATH=scripts python -m dendroflow.commands.summary "$config" "$started"
exit $code
