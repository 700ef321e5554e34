"""The work itself: a line fitted to points by gradient descent. A real one would call its framework here."""

POINTS = [(x / 100, 3 * x / 100 + 1) for x in range(-100, 100)]
STEPS = 60
"""Steps of one epoch: a few hundredths of a second."""


def one_epoch(weights: list[float], rate: float) -> tuple[list[float], float]:
    """Improve slope and offset; return them with the mean squared error that they leave."""
    slope, offset = weights
    for _ in range(STEPS):
        errors = [(slope * x + offset - y, x) for x, y in POINTS]
        slope -= rate * 2 * sum(error * x for error, x in errors) / len(POINTS)
        offset -= rate * 2 * sum(error for error, _ in errors) / len(POINTS)
    loss = sum((slope * x + offset - y) ** 2 for x, y in POINTS) / len(POINTS)
    return [slope, offset], loss
