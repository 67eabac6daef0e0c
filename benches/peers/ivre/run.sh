#!/bin/sh
# Starts the peer with what setup.sh has installed: run.sh TASK TARGETDIR
here=$(cd "$(dirname "$0")" && pwd)
python=$2/venv/bin/python
if [ ! -x "$python" ]; then
    echo '{"missing": "IVRE is not installed: benches/peers/ivre/setup.sh TARGETDIR"}'
    exit 0
fi
exec "$python" "$here/peer.py" "$1"
