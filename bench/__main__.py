"""`python -m bench`: the request path, then a short run of the heap."""

import sys

from bench import heap, request_path

if __name__ == "__main__":
    request_path.main(sys.argv[1:])
    print()
    heap.main(["--quick", *sys.argv[1:]])
