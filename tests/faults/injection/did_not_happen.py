"""Raised by a fault that found nothing to break, so that it is not counted."""


class DidNotHappen(Exception):
    """A fault found nothing to break."""
