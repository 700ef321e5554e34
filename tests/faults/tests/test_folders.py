"""Folders that disappear for a while come back with their content, and cannot be created meanwhile."""

import asyncio
from pathlib import Path

import pytest

from tests.faults.injection.folders import Folders


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_a_folder_becomes_a_file_for_a_while_and_comes_back_with_its_content(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "kept").touch()
    away = asyncio.create_task(Folders().take_away(folder, for_seconds=0.05))
    await asyncio.sleep(0)  # its turn; no time passes
    with pytest.raises(FileExistsError):
        folder.mkdir()
    await away
    assert names(tmp_path) == ["work"]
    assert names(folder) == ["kept"]


async def test_a_folder_that_is_away_cannot_be_taken_away_again(tmp_path: Path) -> None:
    folder, folders = tmp_path / "work", Folders()
    away = asyncio.create_task(folders.take_away(folder, for_seconds=0.05))
    await asyncio.sleep(0)  # its turn; no time passes
    with pytest.raises(FileExistsError):
        await folders.take_away(folder, for_seconds=0)
    await away
    assert folder.is_dir()


async def test_a_folder_can_be_put_back_early(tmp_path: Path) -> None:
    folder, folders = tmp_path / "work", Folders()
    away = asyncio.create_task(folders.take_away(folder, for_seconds=0.05))
    await asyncio.sleep(0)  # its turn; no time passes
    folders.restore()
    assert folder.is_dir()
    await away
    assert folder.is_dir()
