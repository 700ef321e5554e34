"""The fault program: jobs under load on a stack of their own, while its parts are broken at random.

    clients --> library --> \\                    / --> worker functions (quick ones, and one with ffmpeg)
    clients --------------> proxy --> gateway --> PostgREST --> Postgres, where triggers keep an audit trail
    workers --------------> /
                                                   audit trail + responses --> rules --> violations

README.md in this folder explains a run; docs/guarantees.md says what it shows.
"""
