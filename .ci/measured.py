#!/usr/bin/env python3
"""measured.py LOG COMMAND…: runs the command and adds a line to LOG: its seconds, and the megabytes that the largest of its processes held.
measured.py LOG: the sum of the seconds and the largest of the megabytes; exit code 1 where a limit is passed."""

import resource
import subprocess
import sys
import time

# What the guided notebooks may take together, on two cores.
MOST_SECONDS, MOST_MB = 360, 1536


def run(log, command):
    started = time.monotonic()
    code = subprocess.call(command)
    seconds = time.monotonic() - started
    # Of the children and theirs, as far as each was waited for: the one that holds the session among them.
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    with open(log, "a", encoding="utf-8") as file:
        file.write(f"{seconds:.1f} {largest:.0f}\n")
    return code


def summary(log):
    with open(log, encoding="utf-8") as file:
        lines = [[float(word) for word in line.split()] for line in file]
    seconds, largest = sum(line[0] for line in lines), max(line[1] for line in lines)
    print(f"{len(lines)} notebooks: {seconds:.0f} s of {MOST_SECONDS}, {largest:.0f} MB of {MOST_MB} at most")
    return int(seconds > MOST_SECONDS or largest > MOST_MB)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2:]) if len(sys.argv) > 2 else summary(sys.argv[1]))
