"""Storage after a run, compared with the rows."""

from tests.faults.rules.files import Files

CLIP, UPLOAD, LEFT = "reel/jobs/1/7/clip-1.mp4", "reel/sources/1.mp4", "reel/jobs/1/6/clip-1.mp4"


def test_files_that_rows_point_at_are_right() -> None:
    files = Files.compare([CLIP, UPLOAD], certain=[CLIP], others=[UPLOAD])
    assert files == Files()
    assert files.are_right


def test_a_file_that_nothing_points_at_is_lost() -> None:
    files = Files.compare([CLIP, LEFT], certain=[CLIP], others=[])
    assert files == Files(lost=(LEFT,))
    assert not files.are_right


def test_a_clip_without_its_file_is_reported() -> None:
    files = Files.compare([], certain=[CLIP], others=[UPLOAD])
    assert files == Files(missing=(CLIP,))
    assert not files.are_right


def test_garbage_that_is_not_removed_is_reported() -> None:
    assert not Files(garbage=1).are_right
