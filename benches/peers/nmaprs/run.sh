#!/bin/sh
# Starts the peer that setup.sh has built: run.sh TASK TARGETDIR
program=$2/nmaprs-peer
if [ ! -x "$program" ]; then
    echo '{"missing": "nmaprs is not built: benches/peers/nmaprs/setup.sh TARGETDIR"}'
    exit 0
fi
exec "$program" "$1"
