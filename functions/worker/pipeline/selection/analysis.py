"""The result of analysing a source: its scenes, and its moments with their measurements."""

from dataclasses import dataclass
from fractions import Fraction

SILENCE_LUFS = -70.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """A stretch without a cut or dissolve, in frames of the analysis's clock; `end_frame` is exclusive.

    `dark` is true for black and for a fade from or to black.
    """

    start_frame: int
    end_frame: int
    dark: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """A scene that a clip may use, or a part of one: of a long one, or where a flaw starts or ends.

    `motion` is the mean difference of neighbouring frames (0..255), `sharpness` the spatial
    information of ITU-T P.910 at low resolution, `loudness` momentary LUFS of EBU R 128
    (SILENCE_LUFS without sound). They are comparable only within one source.

    `still` is true if the picture does not change, `silent` if nothing is heard.
    """

    scene: int
    start_frame: int
    end_frame: int
    dark: bool
    silent: bool
    still: bool
    motion: float
    sharpness: float
    loudness: float

    @property
    def frames(self) -> int:
        """The moment's length."""
        return self.end_frame - self.start_frame

    @property
    def flaw(self) -> int:
        """How bad the moment's flaws are, 0 (none) to 7.

        Still is better than silent, and silent better than dark, each with or without the flaws before it: a still
        picture with sound is at least heard, and in the dark there is nothing to see.
        """
        return 4 * self.dark + 2 * self.silent + self.still


@dataclass(frozen=True, kw_only=True, slots=True)
class Analysis:
    """Scenes and moments of one source, in order, without gaps.

    Frames are counted at `frame_rate`, the rate of this source's clips, from time 0 of the source's
    clock: frame n is on screen at n / frame_rate seconds.
    """

    frame_rate: Fraction
    scenes: tuple[Scene, ...]
    moments: tuple[Moment, ...]

    def seconds(self, frame: int) -> float:
        """The time at which a frame appears."""
        return float(frame / self.frame_rate)
