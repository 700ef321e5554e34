"""What is stored after a run, beside what the rows say."""

from tests.faults.files import Files

CLIP, UPLOAD, LEFT = "reel/jobs/1/7/clip-1.mp4", "reel/sources/1.mp4", "reel/jobs/1/6/clip-1.mp4"


def test_a_file_that_a_row_points_at_or_that_will_be_removed_is_right() -> None:
    files = Files.compare(
        [CLIP, UPLOAD, LEFT], of_clips=[CLIP], others=[UPLOAD], garbage=["reel/jobs/1/6/"]
    )
    assert files == Files()


def test_a_file_that_nothing_points_at_is_lost() -> None:
    files = Files.compare([CLIP, LEFT], of_clips=[CLIP], others=[], garbage=["reel/jobs/2/"])
    assert files == Files(lost=(LEFT,))


def test_a_clip_without_its_file_is_noticed() -> None:
    assert Files.compare([], of_clips=[CLIP], others=[UPLOAD], garbage=[]) == Files(missing=(CLIP,))
