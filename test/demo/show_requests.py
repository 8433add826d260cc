#!/usr/bin/env python3
"""Prints what the connector was asked since this was last called.

    show_requests.py LOG        LOG: the request log of the reference connector

Of many requests for data it says only how many there were for each table.
"""

import json
import pathlib
import sys
from collections import Counter

MANY = 20


def summary(record):
    """One request in a line: the endpoint, then the members of the body."""
    body = dict(record["body"] or {})
    body.pop("connection", None)            # the login, which is in every request
    parts = [f"{name} = {json.dumps(value, ensure_ascii=False)}"
             for name, value in body.items() if value not in ("", [], {})]
    return f"POST {record['path']:<20} {', '.join(parts)}".rstrip()


def main():
    log = pathlib.Path(sys.argv[1])
    seen_file = log.with_suffix(".seen")
    seen = int(seen_file.read_text()) if seen_file.exists() else 0
    lines = log.read_text(encoding="utf-8").splitlines()
    seen_file.write_text(str(len(lines)))

    requests = [record for record in map(json.loads, lines[seen:]) if "path" in record]
    print(f"The connector was asked {len(requests)} time{'s' * (len(requests) != 1)}:")
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
