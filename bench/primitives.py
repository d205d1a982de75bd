"""Seconds by primitive, from oneDNN's log (ONEDNN_VERBOSE=1) on stdin."""

import collections
import sys

seconds = collections.Counter()
for line in sys.stdin:
    fields = line.strip().split(",")
    if line.startswith("onednn_verbose") and "exec" in fields:
        # exec, engine, primitive, implementation, direction, ..., shapes, ms
        _, _, primitive, _, direction, *_, shapes, milliseconds = fields[
            fields.index("exec") :
        ]
        seconds[primitive, direction, shapes] += float(milliseconds) / 1000
    elif line.startswith("epoch"):
        print(line.strip())
print(f"in all {sum(seconds.values()):.1f} s")
for (primitive, direction, shapes), value in seconds.most_common(12):
    print(f"{value:6.1f} s  {primitive} {direction} {shapes}")
