#!/usr/bin/env python3
"""A peer of the benchmark: IVRE's reading of nmap-service-probes, match_nmap_svc_fp.

benches/PROTOCOL.md has the rules, README.md what this does and does not do. Usage: peer.py TASK
"""

import importlib.metadata
import json
import struct
import sys
import time
from pathlib import Path

try:
    from ivre import config, utils
except ImportError as error:
    print(json.dumps({"missing": f"ivre is not importable ({error}): benches/peers/ivre/setup.sh TARGETDIR"}))
    sys.exit(0)


def load_database(folder):
    """Makes IVRE read the task's database, and says how many lines it got."""
    # IVRE looks for the file in nmap's folder of shared files, which is a setting.
    config.NMAP_SHARE_PATH = str(folder)
    with (folder / "lines.jsonl").open() as file:
        lines = [json.loads(line) for line in file]
    loaded = 0
    for protocol, probe in {(line["protocol"], line["probe"]) for line in lines}:
        try:
            loaded += len(utils.get_nmap_svc_fp(proto=protocol, probe=probe)["fp"])
        except KeyError:
            print(f"IVRE does not know the probe {protocol} {probe}", file=sys.stderr)
    return len(lines), loaded


def load_responses(folder):
    """The responses as (bytes, protocol, probe)."""
    with (folder / "chains.jsonl").open() as file:
        chains = [json.loads(line) for line in file]
    data = (folder / "responses.bin").read_bytes()
    responses = []
    at = 0
    while at < len(data):
        chain, length = struct.unpack_from("<II", data, at)
        at += 8
        responses.append((data[at : at + length], chains[chain]["protocol"], chains[chain]["probe"]))
        at += length
    return responses


def classify(response, protocol, probe, match=utils.match_nmap_svc_fp):
    """IVRE's answer. It follows the `fallback` lines, but not the rule that every TCP probe falls back to NULL in the end."""
    found = match(response, proto=protocol, probe=probe, soft=True)
    if not found and protocol == "tcp" and probe != "NULL":
        found = match(response, proto=protocol, probe="NULL", soft=True)
    return found


def as_fields(found):
    """The answer in the protocol's form; IVRE keeps the `ssl/` of a service's name apart."""
    if not found:
        return "-"
    tunnel = found.get("service_tunnel")
    fields = {
        "service": f"{tunnel}/{found['service_name']}" if tunnel else found["service_name"],
        "product": found.get("service_product"),
        "version": found.get("service_version"),
    }
    return json.dumps({key: value for key, value in fields.items() if value})


def answers(responses, path):
    with open(path, "w", encoding="ascii") as file:
        for response in responses:
            print(as_fields(classify(*response)), file=file)
    return {"answers": len(responses)}


# Nanoseconds that a round takes at least.
LEAST_ROUND = 20_000_000


def one_round(responses):
    start = time.clock_gettime_ns(time.CLOCK_THREAD_CPUTIME_ID)
    spent = passes = 0
    while spent < LEAST_ROUND:
        for response in responses:
            classify(*response)
        passes += 1
        spent = time.clock_gettime_ns(time.CLOCK_THREAD_CPUTIME_ID) - start
    return {"ns": spent // passes}


def each(responses):
    clock = time.monotonic_ns
    times = []
    for response in responses:
        start = clock()
        classify(*response)
        times.append(clock() - start)
    return {"each": times}


def main():
    folder = Path(sys.argv[1])
    start = time.monotonic_ns()
    lines, loaded = load_database(folder)
    responses = load_responses(folder)
    ready = {
        "engine": f"IVRE {importlib.metadata.version('ivre')}, Python {sys.version.split()[0]}",
        "load_ms": (time.monotonic_ns() - start) // 1_000_000,
        "unsupported": lines - loaded,
        "notes": "patterns run by Python's re; falls back to NULL by a second call where the first found nothing",
    }
    print(json.dumps({"ready": ready}), flush=True)
    for command in sys.stdin:
        name, _, argument = command.rstrip("\r\n").partition(" ")
        if name == "answers":
            reply = answers(responses, argument)
        elif name == "round":
            reply = one_round(responses)
        elif name == "each":
            reply = each(responses)
        elif name == "quit":
            break
        else:
            print(f"no such command: {name}", file=sys.stderr)
            continue
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
