"""The command line `editai`.

Its modules import the client only when a command runs, so that `editai --help` responds at once.
"""
