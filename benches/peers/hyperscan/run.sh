#!/bin/sh
# Starts a peer that setup.sh has built: run.sh TASK ENGINE TARGETDIR, with ENGINE hyperscan or vectorscan.
# Compiled databases are kept in TARGETDIR/cache.
program=$3/$2
if [ ! -x "$program" ]; then
    echo "{\"missing\": \"$2 is not built: benches/peers/hyperscan/setup.sh TARGETDIR\"}"
    exit 0
fi
exec "$program" "$1" "$3/cache"
