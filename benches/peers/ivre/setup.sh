#!/bin/sh
# Installs IVRE into a virtual environment in a folder: setup.sh TARGETDIR
# PYTHON chooses the interpreter (3.9 or later).
set -eu

mkdir -p "$1"
if [ ! -x "$1/venv/bin/python" ]; then
    "${PYTHON:-python3}" -m venv "$1/venv"
fi
python=$1/venv/bin/python
if ! "$python" -c 'import importlib.metadata; assert importlib.metadata.version("ivre") == "0.9.20"' 2>/dev/null; then
    "$python" -m pip install --quiet --disable-pip-version-check ivre==0.9.20
fi
"$python" -c 'from ivre import utils'
