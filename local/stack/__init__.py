"""The local stack as a whole: its directory, keys, ports, parts and their supervisor."""
