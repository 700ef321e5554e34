"""The embedded stack: every part of the system as processes of one machine."""
