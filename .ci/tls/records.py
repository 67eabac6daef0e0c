"""Ports and records for .ci/tls/run.

    records.py ports N              free ports of this machine
    records.py wait PORT...         until somebody listens on these TCP ports
    records.py check FOUND PORT...  what was found on the four ports, in the order in which run serves them
"""

import json
import socket
import sys
import time

EXPECTED = [
    ("tcp", "http", "TLSv1.0"),
    ("tcp", "http", "TLSv1.1"),
    ("udp", "said", "DTLSv1.0"),
    ("udp", "said", "DTLSv1.2"),
]


def ports(count):
    # All are held until all are known, for both transports.
    held = []
    while len(held) < 2 * count:
        stream = socket.create_server(("127.0.0.1", 0))
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            datagrams.bind(stream.getsockname())
        except OSError:
            continue
        held += [stream, datagrams]
        print(stream.getsockname()[1])


def wait(numbers):
    for number in numbers:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", number)).close()
                break
            except OSError:
                time.sleep(0.05)
        else:
            sys.exit(f"nobody listens on {number}")


def check(found, numbers):
    with open(found) as file:
        records = {(record["protocol"], record["port"]): record for record in map(json.loads, file)}
    for number, (protocol, service, version) in zip(numbers, EXPECTED, strict=True):
        record = records[protocol, number]
        info = record.get("tls_info", {})
        told = (record.get("service"), record["outcome"], record["tls"], info.get("version"), info.get("names"))
        assert told == (service, "identified", True, version, ["old.example.org"]), record
        print(f"{protocol}/{number}: {service} inside {version}, {info['cipher']}")


command, *rest = sys.argv[1:]
if command == "ports":
    ports(int(rest[0]))
elif command == "wait":
    wait([int(number) for number in rest])
else:
    check(rest[0], [int(number) for number in rest[1:]])
