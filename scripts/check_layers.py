#!/usr/bin/env python3
"""Holds every #include under src/ against the table of parts, and the size rules. Prints each breach; exits 1 on any."""

import pathlib
import re
import sys

ALLOWED = {
    "base": "",
    "data": "base",
    "sql": "base data",
    "stream": "base",
    "ingest": "base data stream",
    "engine": "base data sql",
    "table": "base data",
    "sink": "base data stream table",
    "alarm": "base data",
    "app": "base data sql stream ingest engine table sink alarm",
    "api": "base data sql stream ingest engine table sink alarm app",
    "cli": "base data sql stream ingest engine table sink alarm app api",
    "sim": "base",
}
SYSTEM_HEADERS = re.compile(r"#include <(unistd\.h|fcntl\.h|sys/.*|netinet/.*|arpa/.*|dirent\.h|poll\.h)>")
LINES_MAX = 700


def main() -> int:
    root = pathlib.Path(__file__).resolve().parent.parent / "src"
    faults = []
    for path in sorted(root.rglob("*")):
        if path.suffix not in (".h", ".cpp"):
            continue
        relative = path.relative_to(root)
        part = relative.parts[0]
        test = path.stem.endswith(("_test", "_fuzz", "_bench"))
        allowed = set(ALLOWED[part].split()) | {part}
        if test:
            allowed.add("sim")
        lines = path.read_text(encoding="utf-8").splitlines()
        if len(lines) > LINES_MAX:
            faults.append(f"src/{relative}: {len(lines)} lines, at most {LINES_MAX}")
        if path.suffix == ".h" and "#pragma once" not in lines[:3]:
            faults.append(f"src/{relative}:1: a header begins with #pragma once")
        for number, line in enumerate(lines, 1):
            if len(line) > 120:
                faults.append(f"src/{relative}:{number}: {len(line)} characters, at most 120")
            match = re.match(r'#include "([a-z_]+)/', line)
            if match and match[1] in ALLOWED and match[1] not in allowed:
                faults.append(f"src/{relative}:{number}: {part} may not include {match[1]}")
            if SYSTEM_HEADERS.match(line) and not str(relative).startswith("base/os/") and not test and part != "api":
                faults.append(f"src/{relative}:{number}: system calls live in base/os")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
