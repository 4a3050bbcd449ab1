#!/bin/sh
# Install SLURM for the tests of this folder, unless it is there; starts nothing.
set -u
PATH=$PATH:/usr/sbin:/sbin
packages="slurmctld slurmd slurm-client munge"

missing() {
    for program in munged slurmctld slurmd sbatch srun squeue scancel scontrol sinfo setpriv; do
        command -v "$program" >/dev/null 2>&1 || printf ' %s' "$program"
    done
}

fail() {
    echo "dendroflow: SLURM is not installed, there is no$(missing); $1 (Debian: apt install $packages)" >&2
    exit 1
}

[ -z "$(missing)" ] && exit 0
[ "$(id -u)" -eq 0 ] || fail "only root can install it"
command -v apt-get >/dev/null 2>&1 || fail "there is no apt-get to install it with"
echo "Installing SLURM ($packages)"
log=$(
    timeout 120 apt-get update 2>&1
    DEBIAN_FRONTEND=noninteractive timeout 300 \
        apt-get install --yes --no-install-recommends $packages 2>&1
) || {
    echo "$log" | tail -n 5 >&2
    fail "apt-get could not install it"
}
[ -z "$(missing)" ] || fail "apt-get did not bring it"
