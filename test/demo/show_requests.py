#!/usr/bin/env python3
"""Prints what a server was asked since this was last called.

    show_requests.py connector|portal LOG       LOG: its log of requests

Of many requests for data it says only how many there were for each table.
"""

import json
import pathlib
import sys
from collections import Counter

MANY = 20
LONGEST_LINE = 160


def summary(record):
    """One request in a line: the endpoint, then the members of the body."""
    body = dict(record.get("body") or record.get("params") or {})
    for credentials in "connection", "auth":    # which are in every request
        body.pop(credentials, None)
    parts = [f"{name} = {json.dumps(value, ensure_ascii=False)}"
             for name, value in body.items() if value not in ("", [], {})]
    line = f"POST {record['path']:<20} {', '.join(parts)}".rstrip()
    return line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE] + " ..."


def main():
    server = sys.argv[1]
    log = pathlib.Path(sys.argv[2])
    seen_file = log.with_suffix(".seen")
    seen = int(seen_file.read_text()) if seen_file.exists() else 0
    lines = log.read_text(encoding="utf-8").splitlines()
    seen_file.write_text(str(len(lines)))

    requests = [record for record in map(json.loads, lines[seen:]) if "path" in record]
    print(f"The {server} was asked {len(requests)} time{'s' * (len(requests) != 1)}:")
    if len(requests) > MANY:
        asked = Counter(record["body"]["table"] for record in requests if record["path"] == "/data")
        requests = [record for record in requests if record["path"] != "/data"]
    else:
        asked = {}
    for record in requests:
        print("   ", summary(record))
    for table, count in asked.items():
        print(f"    POST {'/data':<20} table = {json.dumps(table)}, {count} times")


if __name__ == "__main__":
    main()
