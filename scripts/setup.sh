#!/bin/sh
# Makes .venv: Python 3.10, the locked packages, the project itself. Does nothing where that is
# done already, so every make target may call it.
#
#   scripts/setup.sh run    what a running Flerkanal needs (requirements.lock)
#   scripts/setup.sh dev    that, and what testing and linting need (requirements-dev.lock)
#
# An environment for `dev` serves `run` too, so the two never undo each other's work.
set -eu
cd "$(dirname "$0")/.."

profile=${1:-run}
started=$(date +%s)

say() {
    printf 'set-up: %s\n' "$@" >&2
}

fail() {
    say "$@"
    exit 1
}

case $profile in
    run | dev) ;;
    *) fail "unknown profile '$profile': use run or dev" ;;
esac

stamp() {
    .venv/bin/python -I -S scripts/setup_stamp.py "$@"
}

if [ -x .venv/bin/flerkanal ] && stamp check "$profile" 2>/dev/null; then
    exit 0
fi

case $(uname -s)-$(uname -m) in
    Linux-x86_64 | Linux-aarch64 | Darwin-arm64) ;;
    *)
        fail "there are no TensorFlow 2.12 wheels, which Rasa 3.6 needs, for $(uname -sm)." \
            "Use Linux (x86-64 or 64-bit ARM, with glibc) or a Mac with Apple silicon."
        ;;
esac

is_python_310() {
    "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 10))' >/dev/null 2>&1
}

# uv looks on PATH only, and gives up at a pyenv shim whose version is not the chosen one.
find_python_310() {
    if [ -n "${FLERKANAL_PYTHON:-}" ]; then
        is_python_310 "$FLERKANAL_PYTHON" ||
            fail "FLERKANAL_PYTHON=$FLERKANAL_PYTHON is no Python 3.10 that runs"
        printf '%s\n' "$FLERKANAL_PYTHON"
        return
    fi
    for candidate in \
        "$("$uv" python find --system --no-python-downloads 3.10 2>/dev/null || true)" \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.10.*/bin/python3.10 \
        "$HOME"/.pyenv/versions/3.10.*/bin/python3.10; do
        if [ -n "$candidate" ] && is_python_310 "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    say "no Python 3.10 on this machine: letting uv fetch one"
    if "$uv" python install 3.10 >&2; then
        "$uv" python find --system --no-python-downloads 3.10
        return
    fi
    fail "Python 3.10 is needed (Rasa 3.6 runs on no newer one) and could not be fetched." \
        "Install it (pyenv install 3.10, or your system's package), or name one that you have:" \
        "  FLERKANAL_PYTHON=/path/to/python3.10 make run"
}

# uv draws progress bars on a terminal; elsewhere a line now and then shows that it is alive.
# The packages are compiled here, once: a start that has to do that itself takes four times as long,
# and it has to each time where the folder is read-only or PYTHONDONTWRITEBYTECODE is set.
install() {
    if [ -t 2 ]; then
        "$uv" pip sync --compile-bytecode "$@"
        return
    fi
    # `sleep` outlives its shell: with the output still open, a pipe's reader would wait for it.
    (while sleep 20 >/dev/null 2>&1 && kill -0 $$; do say "still installing, $(($(date +%s) - started)) s so far"; done) &
    heartbeat=$!
    trap 'kill "$heartbeat" 2>/dev/null || true' EXIT
    "$uv" pip sync --quiet --compile-bytecode "$@"
}

uv=$(scripts/find-uv.sh)
fresh=
if ! [ -x .venv/bin/python ] || ! is_python_310 .venv/bin/python; then
    python=$(find_python_310)
    say "making .venv with $python"
    rm -rf .venv
    "$uv" venv --quiet --python "$python" .venv
    fresh=yes
fi

# What was installed for development stays so when only the lock has changed.
profile=$(stamp widest "$profile")
stamp clear
case $profile in
    run) lock=requirements.lock ;;
    dev) lock=requirements-dev.lock ;;
esac
say "installing $lock ($(grep -c '^[a-zA-Z0-9].*==' "$lock") packages)"
if [ -n "$fresh" ]; then
    say "(7.5 GB on Linux, most of it PyTorch's: minutes the first time, seconds from uv's cache)"
fi
install --python .venv/bin/python --require-hashes "$lock" ||
    fail "the packages could not be installed; uv's message is above. Mend that and start again:" \
        "what has been fetched is kept."
# In compatible mode an editable install is a path entry, which costs nothing at start.
"$uv" pip install --quiet --python .venv/bin/python --offline --no-deps --no-build-isolation \
    --config-setting editable_mode=compat --editable . ||
    fail "the project itself could not be installed; uv's message is above."
stamp write "$profile"
say "done in $(($(date +%s) - started)) s"
