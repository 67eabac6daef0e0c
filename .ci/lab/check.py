"""Which ports the rows of the lab have, and whether a scan says of them what nmap does.

    check.py targets LAB ROW...
    check.py compare LAB SCAN.jsonl ROW...

Versions move with the packages that are installed, so of a version only its shape is compared; everything else must be equal. What each
row needs besides is in `MUST`.
"""

import json
import re
import sys
from pathlib import Path

FIELDS = {
    "service": "name", "product": "product", "version": "version", "info": "extrainfo",
    "hostname": "hostname", "os": "ostype", "device": "devicetype",
}
# What nmap has no answer for, and we must.
MUST = {
    ("tcp", 6068): {"service": "postgresql", "product": "PostgreSQL DB", "outcome": "soft"},
    ("tcp", 21998): {"outcome": "silent"},
    ("tcp", 21999): {"outcome": "tcpwrapped"},
    ("tcp", 21380): {"service": "redis", "tls": True},
}
# TLS in front of servers that are in other rows.
ASIDE = {21991, 21992, 21994}
VERSION = re.compile(r"\d[\w.+~-]*( (Debian|Ubuntu) [\w.+~-]+)?")


def shape(value):
    return VERSION.sub("#", value) if value else None


def truth(lab, rows):
    for line in (Path(lab) / "truth-open.jsonl").read_text().splitlines():
        port = json.loads(line)
        if port["service"] in rows and port["port"] not in ASIDE:
            yield port


def targets(lab, rows):
    for port in truth(lab, rows):
        print(f"{port['proto']}://127.0.0.1:{port['port']}")


def faults(port, record):
    where = f"{port['proto']}/{port['port']} {port['service']}"
    if record is None:
        return [f"{where}: no record"]
    wanted = MUST.get((port["proto"], port["port"]), {})
    found = [f"{where}: {key} is {record.get(key)!r}, not {value!r}" for key, value in wanted.items() if record.get(key) != value]
    nmap = port["answers"].get(f"{port['proto']}-newpure-default") or {}
    if nmap.get("method") == "probed" and nmap.get("name") not in (None, "tcpwrapped"):
        for ours, theirs in FIELDS.items():
            if shape(record.get(ours)) != shape(nmap.get(theirs)):
                found.append(f"{where}: {ours} is {record.get(ours)!r}, nmap says {nmap.get(theirs)!r}")
        if record["tls"] != bool(nmap.get("tunnel")):
            found.append(f"{where}: tls is {record['tls']}, nmap's tunnel {nmap.get('tunnel')!r}")
        if sorted(map(shape, record.get("cpe", []))) != sorted(map(shape, nmap.get("cpe") or [])):
            found.append(f"{where}: cpe is {record.get('cpe')}, nmap says {nmap.get('cpe')}")
    return found


def compare(lab, scan, rows):
    records = {}
    for line in Path(scan).read_text().splitlines():
        record = json.loads(line)
        records[record["protocol"], record["port"]] = record
    ports = list(truth(lab, rows))
    found = [fault for port in ports for fault in faults(port, records.get((port["proto"], port["port"])))]
    if not ports:
        found.append("the rows have no ports")
    for fault in found:
        print(fault, file=sys.stderr)
    print(f"lab: {len(ports)} ports of {len(rows)} rows, {len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    verb, lab, *rest = sys.argv[1:]
    if verb == "targets":
        targets(lab, rest)
    else:
        sys.exit(compare(lab, rest[0], rest[1:]))
