"""`python -m bench`: the request path, event streams, short runs of the heap and of growth, the probe, scenes.

`python -m bench growth` is the whole measurement of growth, with a million rows of everything.
"""

import sys

from bench import growth, heap, probe, request_path, streams
from bench.scenes.__main__ import main as compare_scenes

if __name__ == "__main__":
    if sys.argv[1:2] == ["growth"]:
        growth.main(sys.argv[2:])
        raise SystemExit
    request_path.main(sys.argv[1:])
    print()
    streams.main([])
    print()
    heap.main(["--quick", *sys.argv[1:]])
    print()
    growth.main(["--quick"])
    print()
    probe.main([])
    print()
    compare_scenes([])
