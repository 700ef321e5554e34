"""`python -m bench`: the request path, a short run of the heap, the probe, and the comparison of scene detection."""

import sys

from bench import heap, probe, request_path
from bench.scenes.__main__ import main as compare_scenes

if __name__ == "__main__":
    request_path.main(sys.argv[1:])
    print()
    heap.main(["--quick", *sys.argv[1:]])
    print()
    probe.main([])
    print()
    compare_scenes([])
