"""What reads strangers' files: short-lived child processes with limits, one for each report about a file.

    the function --(children.py)--> the warm parent: libraries loaded, no file --fork--> a child: one file, limits

Starting Python and loading libav and MediaInfo takes 0.1 s of CPU, and a fork 2 ms. So one parent process loads them
once, at the function's first probe. It is a program of its own with an empty environment, so it and its children
have none of the function's memory, secrets or connections.
"""
