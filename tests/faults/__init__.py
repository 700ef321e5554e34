"""Jobs under faults: many clients and workers on a stack of their own, while it is broken at random.

    clients --> library --> \\                    / --> worker functions (quick ones, and one with ffmpeg)
    clients --------------> proxy --> gateway --> PostgREST --> Postgres, where triggers keep an audit trail
    workers --------------> /
                                                   audit trail + answers --> model --> violations

`python -m tests.faults --help`; what it shows is in docs/guarantees.md.
"""
