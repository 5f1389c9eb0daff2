#!/bin/sh
# Prints the path of a working uv. Where PATH has none, puts the one that requirements-uv.lock
# names into .uv/, a small virtual environment of the project's own: Debian's Python and others
# refuse installs outside of one.
set -eu
cd "$(dirname "$0")/.."

fail() {
    printf 'set-up: %s\n' "$@" >&2
    exit 1
}

works() {
    "$1" pip sync --help >/dev/null 2>&1 && "$1" python find --help >/dev/null 2>&1
}

# An own list, since `python3` can be a shim that leads nowhere.
find_any_python() {
    for candidate in python3 python3.13 python3.12 python3.11 python3.10 python3.9 python \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python3; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 8))' >/dev/null 2>&1; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    fail "no Python 3.8 or newer was found to fetch uv with." \
        "Install one (Debian, Ubuntu: apt-get install python3 python3-venv), or install uv itself."
}

make_environment() {
    rm -rf .uv
    if "$1" -m venv .uv >/dev/null 2>&1; then
        return
    fi
    # Debian splits ensurepip off into python3-venv; pip or virtualenv may be there all the same.
    rm -rf .uv
    if "$1" -m pip --version >/dev/null 2>&1 && "$1" -m venv --without-pip .uv >/dev/null 2>&1; then
        return
    fi
    rm -rf .uv
    if "$1" -m virtualenv .uv >/dev/null 2>&1; then
        return
    fi
    rm -rf .uv
    fail "$1 can't make virtual environments, and there is no uv on PATH." \
        "Do one of these and start again:" \
        "  apt-get install python3-venv      (Debian, Ubuntu)" \
        "  pipx install uv                   (anywhere)"
}

install_uv() {
    set -- "$1" install --quiet --disable-pip-version-check --require-hashes \
        -r requirements-uv.lock
    if [ -x .uv/bin/pip ]; then
        shift
        .uv/bin/python -m pip "$@"
    else
        python=$1
        shift
        "$python" -m pip --python .uv/bin/python "$@"
    fi
}

if on_path=$(command -v uv) && works "$on_path"; then
    printf '%s\n' "$on_path"
    exit
fi
if ! works .uv/bin/uv; then
    printf 'set-up: fetching uv into .uv/\n' >&2
    python=$(find_any_python)
    make_environment "$python"
    install_uv "$python" >&2 || fail "uv could not be fetched; pip's message is above."
    works .uv/bin/uv || fail ".uv/bin/uv does not run on this machine; install uv by hand."
fi
printf '%s\n' .uv/bin/uv
