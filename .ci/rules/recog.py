"""Whether our own rules, alone, name the services of real banners as nmap does.

    recog.py PROGRAM OWN_DB [RECOG.jsonl.gz] [--list]

OWN_DB is what `PROGRAM db compile probes -o OWN_DB` writes. The records are examples of recog made into whole responses, with the answer
of nmap's first matching line. Counted are those to which nmap answers with a service, hard or soft: ours, hard or soft, agrees with it,
contradicts it, or is silent. Products and versions are not compared. `--list` prints the records that contradict.
"""

import argparse
import base64
import collections
import gzip
import json
import subprocess
import sys
from pathlib import Path

RECOG = Path(__file__).resolve().parents[3] / "shared/data/recog.jsonl.gz"
AGREE, CONTRADICT = 70.0, 0.5

# The probe of ours that asks what nmap's does. None of ours sends empty lines or asks printers, so those records get what all probes
# fall back to: the lines of greetings.
PROBES = {
    ("tcp", "NULL"): "pp-banner",
    ("tcp", "GenericLines"): "pp-banner",
    ("tcp", "hp-pjl"): "pp-banner",
    ("tcp", "GetRequest"): "pp-http-get",
    ("tcp", "HTTPOptions"): "pp-http-get",
    ("tcp", "RTSPRequest"): "pp-rtsp-options",
    ("tcp", "Hello"): "pp-ehlo-help",
    ("tcp", "Help"): "pp-ehlo-help",
    ("tcp", "SIPOptions"): "pp-sip-options-tcp",
    ("udp", "SIPOptions"): "pp-sip-options",
    ("tcp", "X11Probe"): "pp-x11-setup",
    ("tcp", "DNSVersionBindReqTCP"): "pp-dns-version-tcp",
    ("udp", "DNSVersionBindReq"): "pp-dns-version",
    ("udp", "SNMPv1public"): "pp-snmp-public",
}

# A server echoes the id of the request. Our lines ask for the one that our probe plants: it is put where nmap's first stands.
IDS = {
    "pp-dns-version": (b"\0\x06", b"pp"),
    "pp-dns-version-tcp": (b"\0\x06", b"pp"),
    "pp-snmp-public": (b"\x02\x04\x4c\x33\xa7\x56", b"\x02\x04pp1!"),
}

# Names of one protocol, or of protocols that one reply cannot tell apart. That a server is a proxy is a matter of its product.
PROXY = "-proxy"
SAME = {"https": "http", "ipp": "http", "upnp": "http", "dns": "domain", "microsoft-ds": "netbios-ssn"}


def asked_by_us(record):
    probe = PROBES[record["proto"], record["probe"]]
    response = base64.b64decode(record["response"])
    if probe in IDS:
        theirs, ours = IDS[probe]
        assert theirs in response, record
        response = response.replace(theirs, ours, 1)
    return {"id": record["id"], "proto": record["proto"], "probe": probe, "response": base64.b64encode(response).decode()}


def answers(program, database, records):
    asked = "".join(json.dumps(asked_by_us(record)) + "\n" for record in records)
    run = subprocess.run([program, "--db", database, "match"], input=asked, stdout=subprocess.PIPE, text=True, check=True)
    for record, line in zip(records, run.stdout.splitlines(), strict=True):
        answer = json.loads(line)
        assert answer["id"] == record["id"], answer
        yield (answer["match"] or {}).get("service")


def verdict(theirs, ours):
    if ours is None:
        return "silent"
    return "agree" if protocol(ours) == protocol(theirs) else "contradict"


def protocol(service):
    service = service.removesuffix(PROXY)
    return SAME.get(service, service)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("database")
    parser.add_argument("recog", nargs="?", default=RECOG)
    parser.add_argument("--list", action="store_true", help="print the records that contradict")
    options = parser.parse_args()

    for path in (options.program, options.database, options.recog):
        if not Path(path).exists():
            parser.error(f"{path} is not there")
    with gzip.open(options.recog, "rt") as file:
        records = [json.loads(line) for line in file]
    named = [record for record in records if record["expect"] and record["expect"]["service"]]

    counts = collections.Counter()
    for record, ours in zip(named, answers(options.program, options.database, named), strict=True):
        theirs = record["expect"]["service"]
        said = verdict(theirs, ours)
        counts[said] += 1
        if options.list and said == "contradict":
            print(f"{record['id']}: nmap {theirs}, ours {ours}")

    agree, contradict = (100 * counts[said] / len(named) for said in ("agree", "contradict"))
    print(
        f"{len(named)} of {len(records)} records with a service of nmap's: {counts['agree']} agree ({agree:.2f} %), "
        f"{counts['contradict']} contradict ({contradict:.2f} %), {counts['silent']} silent"
    )
    return 1 if agree < AGREE or contradict > CONTRADICT else 0


if __name__ == "__main__":
    sys.exit(main())
