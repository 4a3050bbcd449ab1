#!/bin/sh
# Create or update the environment, $VENV or .venv, from the locks named as arguments; does nothing
# if it is up to date.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
venv=${VENV:-.venv}
uv_version=0.13.9

fail() {
    echo "dendroflow: $1" >&2
    exit 1
}

command -v "$python" >/dev/null 2>&1 ||
    fail "there is no $python; install Python 3.11 or newer, or name it with PYTHON=..."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    fail "$("$python" --version 2>&1) is too old; Python 3.11 or newer is needed (PYTHON=...)"
for tool in g++ make; do
    command -v "$tool" >/dev/null 2>&1 ||
        fail "there is no $tool; mechanisms and rxd need it (Debian: apt install g++ make)"
done
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$python has no venv module (Debian: apt install python3-venv)"

case $venv in
/*) ;;
*) venv=$PWD/$venv ;;
esac
case $venv in
*" "*)
    fail "NEURON compiles no mechanisms in an environment whose path has a blank ($venv): name another, as in make run VENV=\$HOME/.venvs/paper"
    ;;
esac

wanted=""
for lock in "$@"; do
    while read -r wheel _; do
        case $wheel in
        ./*) [ -f "$wheel" ] || fail "envs/$lock.txt asks for $wheel, which is not there: take envs and vendor from the same version" ;;
        esac
    done <"envs/$lock.txt"
    wanted="$wanted$(cksum <"envs/$lock.txt") "
done
done_file="$venv/.complete-$(echo "$*" | tr ' ' '-')"
if [ -f "$done_file" ] && [ "$(cat "$done_file")" = "$wanted" ]; then
    exit 0
fi

echo "Creating the environment in ${VENV:-.venv} (once)"
rm -f "$venv"/.complete-*
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
[ -x "$venv/bin/uv" ] || "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$uv_version"
locks=""
for lock in "$@"; do
    locks="$locks -r envs/$lock.txt"
done
# shellcheck disable=SC2086
VIRTUAL_ENV="$venv" "$venv/bin/uv" pip install --quiet --require-hashes --compile-bytecode $locks ||
    fail "the environment could not be installed; mend what is said above and try again"
echo "$wanted" >"$done_file"
# What a larger environment has, a smaller one has too.
[ "$#" -gt 1 ] && cksum <envs/runtime.txt | sed 's/$/ /' >"$venv/.complete-runtime"
exit 0
