"""How well our own rules, alone, name the servers of the open lab, next to the newest nmap without scripts.

    lab.py SCAN.jsonl

SCAN.jsonl is a scan of all that `parity.py targets` lists, without plugins, by a program that was built with PORTPRINT_PROBES=builtin.
Servers that several scans wear out are restarted before. Which names are right is said by the lab's own table; a port without a record
has failed. A product and a version need only be there, since what a product is called is ours to say; how many are nmap's to the letter
is told beside.

nmap names a port when its verdict is product, service or soft. Which of the others talk without a handshake is said by the lab's corpus:
those that answered, with whatever bytes, one of nmap's probes of rarity 7 or less. The rest wait for their own protocol. The floor holds
with them and without them. Ports that have no service must not get a name.
"""

import gzip
import json
import sys
from dataclasses import dataclass
from pathlib import Path

LAB = Path(__file__).resolve().parents[3] / "shared/lab"
sys.path.insert(0, str(LAB))
# Nothing is left behind in the lab's folder.
sys.dont_write_bytecode = True
import parity  # noqa: E402

TALKED = LAB / "corpus-open-rarity7.jsonl.gz"
NAMED = {"product", "service", "soft"}


@dataclass
class Port:
    where: str
    # The right ones; none if there is no service to name.
    names: set[str]
    nmap: dict
    ours: dict
    talks: bool

    @property
    def named(self):
        return self.nmap.get("verdict") in NAMED

    @property
    def right(self):
        return self.ours.get("service", "").lower() in self.names

    @property
    def wrong(self):
        return "service" in self.ours and not self.right

    def __str__(self):
        def told(answer, *fields):
            return " ".join(answer[field] for field in fields if answer.get(field)) or "nothing"

        ours, nmap = told(self.ours, "service", "product", "version"), told(self.nmap, "name", "product", "version")
        return f"{self.where}: ours {ours}, nmap {nmap}"


def ports(scan):
    with open(scan) as file:
        records = {(record["protocol"], record["port"]): record for record in map(json.loads, file)}
    with gzip.open(TALKED, "rt") as file:
        talked = {(record["proto"], record["port"]) for record in map(json.loads, file) if record["response"]}
    for row in parity.table(LAB / "truth-open.jsonl"):
        key = row["proto"], row["port"]
        label = row["label"]
        yield Port(
            where=f"{row['proto']}/{row['port']} {row['service']} {label}",
            names=set() if label in parity.NO_SERVICE else set(parity.RIGHT.get(label, label).lower().split()),
            nmap=row["answers"].get(f"{row['proto']}-newpure-default") or {},
            ours=records.get(key, {}),
            talks=key in talked,
        )


def figure(what, floor, of, holds, beside=""):
    """Prints a figure and the ports that fail; whether the floor is reached."""
    failed = [port for port in of if not holds(port)]
    held = len(of) - len(failed)
    share = 100 * held / len(of)
    print(f"{what}: {held} of {len(of)} ({share:.1f} %, floor {floor} %){beside}")
    for port in failed:
        print(f"    {port}")
    return share >= floor


def service(where, floor, of):
    return figure(f"right service, {where}", floor, of, lambda port: port.right)


def field(name, floor, named):
    of = [port for port in named if port.nmap.get(name)]
    equal = sum(port.ours.get(name) == port.nmap[name] for port in of)
    return figure(f"{name}, where nmap has one", floor, of, lambda port: name in port.ours, f", {equal} equal")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    every = list(ports(sys.argv[1]))
    if not any(port.ours for port in every):
        sys.exit(f"{sys.argv[1]}: no port of the lab is in it")
    real = [port for port in every if port.names]
    named = [port for port in real if port.named]
    unnamed = [port for port in real if not port.named]

    reached = [
        service("where nmap has one", 95, named),
        field("product", 85, named),
        field("version", 90, named),
        service("where nmap has none, without a handshake", 70, [port for port in unnamed if port.talks]),
        service("where nmap has none, all", 70, unnamed),
    ]
    wrong = [port for port in every if port.wrong]
    print(f"wrong names: {len(wrong)}")
    for port in wrong:
        print(f"    {port}")
    return 0 if all(reached) and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
