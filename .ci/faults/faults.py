"""Faults of the network and of the machine, one after the other, and what a scan says of them: no wrong answer, no hang, clear words.

    faults.py PROGRAM      as root; see run
"""

import contextlib
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time

PROGRAM = sys.argv[1]
HERE = pathlib.Path(__file__).resolve().parent
# Two namespaces with a cable between them: the scan runs in one, the peers in the other.
NEAR, FAR = f"portprint-near-{os.getpid()}", f"portprint-far-{os.getpid()}"
PEER = "10.99.0.1"
EXCLUDED = "10.99.0.5"
FIRST, OPEN, CLOSED = 2000, 40, 10

# One probe besides the greeting, and a greeting that is known.
RULES = r"""Probe TCP NULL q||
match ssh m|^SSH-2\.0-OpenSSH_([\w.]+)\r\n| p/OpenSSH/ v/$1/
Probe TCP Get q|GET / HTTP/1.0\r\n\r\n|
rarity 1
match http m|^HTTP/1\.|
"""


def sh(*words):
    subprocess.run(words, check=True)


def nft(namespace, rules):
    """Replaces all rules of a namespace."""
    text = "flush ruleset\n" + rules
    subprocess.run(["ip", "netns", "exec", namespace, "nft", "-f", "-"], input=text.encode(), check=True)


class Ran:
    """A scan that has ended."""

    def __init__(self, arguments, most, stdout=subprocess.PIPE, before=(), files=None, environment=None):
        command = ["ip", "netns", "exec", NEAR, *before, PROGRAM, "--db", "rules.probes", "scan", *arguments]
        limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))) if files else None
        start = time.monotonic()
        child = subprocess.Popen(
            command, stdout=stdout, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, preexec_fn=limit,
            env={**os.environ, **(environment or {})},
        )
        try:
            out, err = child.communicate(timeout=most)
        except subprocess.TimeoutExpired:
            child.kill()
            raise AssertionError(f"it hangs: not over after {most} s: {arguments}") from None
        self.took, self.code, self.err = time.monotonic() - start, child.returncode, err.decode()
        assert "panicked" not in self.err, self.err
        self.records = [json.loads(line) for line in (out or b"").decode().splitlines()]
        self.by_port = {record["port"]: record for record in self.records}

    def states(self, ports):
        """How often each state and outcome, of these ports."""
        told = {}
        for port in ports:
            record = self.by_port.get(port, {"state": "missing", "outcome": "missing"})
            key = f"{record['state']}/{record['outcome']}"
            told[key] = told.get(key, 0) + 1
        return told


OPEN_PORTS = range(FIRST, FIRST + OPEN)
CLOSED_PORTS = range(FIRST + OPEN, FIRST + OPEN + CLOSED)
ALL = f"{PEER}:{FIRST}-{FIRST + OPEN + CLOSED - 1}"
JSONL = ("-o", "jsonl", "--all-states")


def is_well(ran):
    """All is found as if nothing was wrong."""
    assert ran.code == 0, (ran.code, ran.err)
    assert ran.states(OPEN_PORTS) == {"open/identified": OPEN}, ran.states(OPEN_PORTS)
    assert ran.states(CLOSED_PORTS) == {"closed/refused": CLOSED}, ran.states(CLOSED_PORTS)


def harmless():
    ran = Ran([*JSONL, ALL], 20)
    is_well(ran)
    return f"{OPEN} open, {CLOSED} closed, {ran.took:.1f} s"


def loss(percent, least):
    # Where packets arrive: those dropped on their way out would be errors for the sender.
    rules = f"table ip t {{ chain i {{ type filter hook input priority 0; numgen random mod 100 < {percent} drop; }}; }}"
    nft(NEAR, rules)
    nft(FAR, rules)
    ran = Ran([*JSONL, "--retries", "3", ALL], 90)
    nft(NEAR, "")
    nft(FAR, "")
    assert ran.code == 0, ran.err
    for port in OPEN_PORTS:
        record = ran.by_port[port]
        assert record["state"] in ("open", "filtered"), record
        assert record.get("service", "ssh") == "ssh", record
    for port in CLOSED_PORTS:
        assert ran.by_port[port]["state"] in ("closed", "filtered"), ran.by_port[port]
    told = ran.states(OPEN_PORTS)
    assert told.get("open/identified", 0) >= least, told
    return f"of {OPEN} open {told}, of {CLOSED} closed {ran.states(CLOSED_PORTS)}, {ran.took:.1f} s"


def resets(percent):
    nft(FAR, f"""table ip t {{
        chain i {{
            type filter hook input priority 0;
            tcp flags & syn == 0 numgen random mod 100 < {percent} reject with tcp reset;
        }}
    }}""")
    ran = Ran([*JSONL, ALL], 60)
    nft(FAR, "")
    assert ran.code == 0, ran.err
    for port in OPEN_PORTS:
        record = ran.by_port[port]
        assert record["state"] == "open", record
        assert record.get("service", "ssh") == "ssh", record
    assert ran.states(CLOSED_PORTS) == {"closed/refused": CLOSED}, ran.states(CLOSED_PORTS)
    return f"{ran.states(OPEN_PORTS)}, {ran.took:.1f} s"


def few_descriptors(files):
    ran = Ran([*JSONL, ALL], 40, files=files)
    is_well(ran)
    return f"all found, {ran.took:.1f} s"


def full_disk():
    for arguments in (
        ["-o", "jsonl=/dev/full", ALL],
        ["-o", "jsonl", "--save-responses", "/dev/full", ALL],
    ):
        ran = Ran(arguments, 20)
        assert ran.code == 1 and "/dev/full: No space left on device" in ran.err, (arguments, ran.code, ran.err)
    with open("/dev/full", "wb") as full:
        ran = Ran(["-o", "jsonl", ALL], 20, stdout=full)
    assert ran.code == 1 and "standard output: No space left on device" in ran.err, (ran.code, ran.err)
    return ran.err.strip()


def closed_pipe():
    read, write = os.pipe()
    os.close(read)
    ran = Ran(["-o", "jsonl", ALL], 20, stdout=write)
    os.close(write)
    assert (ran.code, ran.err) == (0, ""), (ran.code, ran.err)
    return f"exit 0, nothing said, {ran.took:.1f} s"


def clock_jumps():
    told = []
    for first, then in (("+0", "-3d"), ("+0", "+3d")):
        clock = pathlib.Path("clock")
        clock.write_text(first)
        environment = {"FAKETIME_TIMESTAMP_FILE": str(clock.resolve()), "FAKETIME_NO_CACHE": "1"}
        library = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
        # It takes a while, as connections are let through slowly.
        jump = subprocess.Popen(["sh", "-c", f"sleep 1; echo {then} >clock.new; mv clock.new clock"])
        before = ["env", f"LD_PRELOAD={library}", "FAKETIME_DONT_FAKE_MONOTONIC=1"]
        ran = Ran([*JSONL, "--rate", "20", "--concurrency", "5", ALL], 30, before=before, environment=environment)
        jump.wait()
        is_well(ran)
        days = {record["timestamp"][:10] for record in ran.records}
        assert len(days) == 2, f"the clock did not jump: {days}"
        assert all(record["ms"] < 10_000 for record in ran.records), ran.records
        told.append(f"{then}: all found, {ran.took:.1f} s")
    return "; ".join(told)


def names():
    ran = Ran([*JSONL, "does-not-exist.invalid:22", ALL], 30)
    assert ran.code == 3 and "does-not-exist.invalid" in ran.err, (ran.code, ran.err)
    assert ran.states(OPEN_PORTS) == {"open/identified": OPEN}, ran.states(OPEN_PORTS)
    return f"exit 3, '{ran.err.strip().splitlines()[0]}', all else found, {ran.took:.1f} s"


def exclusion():
    nft(NEAR, f"""table ip t {{
        chain o {{
            type filter hook output priority 0;
            ip daddr {{ {EXCLUDED}, 10.99.0.64/26 }} counter;
            ip daddr 10.99.0.0/24 counter;
        }}
    }}""")
    targets = [f"10.99.0.0/24:{FIRST}", f"excluded.example:{FIRST}", f"{EXCLUDED}:{FIRST}", f"10.99.0.60-70:{FIRST}"]
    for exclude in (["--exclude", f"{EXCLUDED},10.99.0.64/26"], ["--exclude", "excluded.example,10.99.0.64/26"]):
        ran = Ran([*JSONL, "--connect-timeout", "1s", *exclude, *targets], 30)
        assert ran.code == 0, (ran.code, ran.err)
        # Excluded by its name it is left out like any address; excluded by its address it is told.
        assert exclude[1].startswith("excluded.") or "excluded.example" in ran.err, (exclude, ran.err)
        assert not any(record["ip"] == EXCLUDED for record in ran.records), ("excluded is told of", exclude, ran.err)
    listed = subprocess.run(
        ["ip", "netns", "exec", NEAR, "nft", "-j", "list", "ruleset"], check=True, capture_output=True
    ).stdout
    counts = [
        part["counter"]["packets"]
        for item in json.loads(listed)["nftables"]
        for part in item.get("rule", {}).get("expr", [])
        if "counter" in part
    ]
    nft(NEAR, "")
    assert counts[0] == 0 and counts[1] > 0, counts
    return f"{counts[0]} packets to excluded addresses, {counts[1]} to others"


def phantoms():
    told = []
    for _ in range(3):
        ran = Ran([*JSONL, "-p-", "127.0.0.1"], 120)
        states = {f"{record['state']}/{record['outcome']}" for record in ran.records}
        assert ran.code == 0 and states == {"closed/refused"}, (ran.code, states, ran.err)
        told.append(f"{len(ran.records)} ports, 0 open, {ran.took:.1f} s")
    return "; ".join(told)


@contextlib.contextmanager
def network():
    """The namespaces, the peers, and a folder with the rules."""
    folder = tempfile.mkdtemp()
    netns = pathlib.Path("/etc/netns") / NEAR
    peers = None
    try:
        for name in (NEAR, FAR):
            sh("ip", "netns", "add", name)
            sh("ip", "-n", name, "link", "set", "lo", "up")
        sh("ip", "-n", NEAR, "link", "add", "near", "type", "veth", "peer", "name", "far", "netns", FAR)
        for name, link, address in ((NEAR, "near", "10.99.0.254/24"), (FAR, "far", f"{PEER}/24")):
            sh("ip", "-n", name, "address", "add", address, "dev", link)
            sh("ip", "-n", name, "link", "set", link, "up")
        sh("ip", "-n", FAR, "address", "add", f"{EXCLUDED}/24", "dev", "far")
        netns.mkdir(parents=True)
        (netns / "hosts").write_text(f"127.0.0.1 localhost\n{EXCLUDED} excluded.example\n")
        # Nobody answers there.
        (netns / "resolv.conf").write_text("nameserver 10.99.0.9\noptions timeout:1 attempts:1\n")
        command = ["ip", "netns", "exec", FAR, sys.executable, HERE / "peers.py", str(FIRST), str(OPEN)]
        peers = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert peers.stdout.readline() == b"ready\n"
        os.chdir(folder)
        pathlib.Path("rules.probes").write_text(RULES)
        yield
    finally:
        if peers:
            peers.kill()
            peers.wait()
        for name in (NEAR, FAR):
            subprocess.run(["ip", "netns", "delete", name], check=False)
        shutil.rmtree(netns, ignore_errors=True)
        shutil.rmtree(folder)


def main():
    cases = [
        ("nothing wrong", harmless, ()),
        ("10 % of packets lost, both ways", loss, (10, OPEN * 95 // 100)),
        ("30 % of packets lost, both ways", loss, (30, OPEN * 60 // 100)),
        ("20 % of packets answered by resets", resets, (20,)),
        ("64 descriptors", few_descriptors, (64,)),
        ("80 descriptors", few_descriptors, (80,)),
        ("full disk", full_disk, ()),
        ("closed pipe", closed_pipe, ()),
        ("clock jumps by three days", clock_jumps, ()),
        ("a name that nobody answers for", names, ()),
        ("excluded addresses", exclusion, ()),
        ("all ports where nobody listens", phantoms, ()),
    ]
    faults = 0
    with network():
        for name, case, arguments in cases:
            try:
                print(f"{name}: {case(*arguments)}", flush=True)
            except AssertionError as error:
                faults += 1
                print(f"{name}: WRONG: {error}", flush=True)
    sys.exit(1 if faults else 0)


main()
