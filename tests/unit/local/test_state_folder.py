import os
import stat

import pytest

from local.settings import StartupError
from local.state_folder import StateFolder


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def folder(tmp_path):
    opened = StateFolder(tmp_path / "deep" / "state")
    yield opened
    opened.close()


def test_a_new_folder_is_for_its_owner_only(folder):
    assert mode(folder.path) == 0o700
    assert {mode(path) for path in folder.path.iterdir()} == {0o700, 0o600}


def test_an_open_folder_is_closed_to_others(tmp_path):
    (tmp_path / "state").mkdir(mode=0o755)
    (tmp_path / "state").chmod(0o755)

    StateFolder(tmp_path / "state").close()

    assert mode(tmp_path / "state") == 0o700


def test_two_stacks_do_not_share_a_folder(folder):
    with pytest.raises(StartupError, match="already running"):
        StateFolder(folder.path)


def test_a_closed_folder_can_be_opened_again(tmp_path):
    StateFolder(tmp_path / "state").close()
    StateFolder(tmp_path / "state").close()


def test_a_file_is_not_a_folder(tmp_path):
    (tmp_path / "state").write_text("")

    with pytest.raises(StartupError, match="cannot be used"):
        StateFolder(tmp_path / "state")


def test_a_private_file_is_replaced_whole(folder):
    path = folder.path / "first-run.json"
    path.write_text("old")
    path.chmod(0o644)

    folder.write_private(path, "new")

    assert (path.read_text(), mode(path)) == ("new", 0o600)
    assert [each.name for each in folder.path.glob("*.new")] == []


def test_a_private_file_does_not_follow_a_planted_link(folder, tmp_path):
    (tmp_path / "elsewhere").write_text("precious")
    (folder.path / "first-run.new").symlink_to(tmp_path / "elsewhere")

    folder.write_private(folder.path / "first-run.json", "new")

    assert (tmp_path / "elsewhere").read_text() == "precious"


def test_logs_are_appended_to_and_private(folder):
    for text in (b"one ", b"two"):
        descriptor = folder.open_log("Function")
        os.write(descriptor, text)
        os.close(descriptor)

    assert (folder.logs / "Function.log").read_bytes() == b"one two"
    assert mode(folder.logs / "Function.log") == 0o600
