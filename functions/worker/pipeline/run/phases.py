"""Maps the phases of a job to one progress scale: the share of a phase is its expected cost."""

from pipeline.ffmpeg.process import OnProgress
from shared.running.reporting import Reporter


class Phases:
    """Turns the progress of a phase (0..1) into progress of the job. Phases run in the order they are named."""

    def __init__(self, reporter: Reporter, **costs: float) -> None:
        self._reporter = reporter
        self._costs = costs

    def step(self, phase: str, current_step: str, *, index: int = 0, count: int = 1) -> OnProgress:
        """The progress callback of a phase, or of part `index` of its `count` equal parts."""
        names = list(self._costs)
        total = sum(self._costs.values())
        share = self._costs[phase] / total / count
        start = (
            sum(self._costs[name] for name in names[: names.index(phase)]) / total + index * share
        )

        async def on_progress(fraction: float) -> None:
            self._reporter.report(start + share * fraction, current_step)

        return on_progress
