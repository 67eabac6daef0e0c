"""Holds what python-libnmap and python-nmap read in an XML report against the JSON Lines of the same scan.

    readers.py REPORT.xml RECORDS.jsonl
"""

import json
import sys

import nmap
from libnmap.parser import NmapParser


def main():
    xml, jsonl = sys.argv[1:]
    records = [json.loads(line) for line in open(jsonl, encoding="utf-8")]
    assert len(records) > 10, records
    expected = {
        (record["protocol"], record["port"]): (record.get("service"), record.get("product", ""), record.get("version", ""))
        for record in records
    }

    report = NmapParser.parse_fromfile(xml)
    libnmap = {
        (service.protocol, service.port): (service.service_dict.get("product", ""), service.service_dict.get("version", ""))
        for host in report.hosts
        for service in host.services
    }
    assert libnmap == {key: value[1:] for key, value in expected.items()}, libnmap
    assert all(service.state == "open" for host in report.hosts for service in host.services)
    assert report.summary and report.hosts_total == 1, report.summary

    scanner = nmap.PortScanner()
    with open(xml, encoding="utf-8") as file:
        scanner.analyse_nmap_xml_scan(file.read())
    (host,) = scanner.all_hosts()
    for (protocol, port), (service, product, version) in expected.items():
        found = scanner[host][protocol][port]
        assert (found["product"], found["version"]) == (product, version), found
        assert service is None or found["name"] == service, found
    print(f"python-libnmap and python-nmap read the same {len(expected)} ports")


main()
