"""Whether a fault happened: one that found nothing to break is not counted."""


class DidNotHappen(Exception):
    """A fault found nothing to break."""
