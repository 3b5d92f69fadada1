import os
import signal
import threading

import pytest

from darkroom.core.errors import StoreUnavailable, UsageError
from darkroom.writepath.locks import Locks
from tests.writepath.scenes import KILLED, in_child


def test_a_lock_that_is_held_names_its_holder(tmp_path):
    again = Locks(tmp_path).held("job")
    with Locks(tmp_path).held("job"), pytest.raises(UsageError, match=f"process {os.getpid()}"):
        again.__enter__()


def test_the_lock_of_a_killed_process_holds_nothing(tmp_path):
    def die():
        with Locks(tmp_path).held("job"):
            os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(die) == KILLED
    assert (tmp_path / "job.lock").exists()
    with Locks(tmp_path).held("job"):
        pass


def test_a_released_lock_leaves_no_file(tmp_path):
    with Locks(tmp_path).held("job"):
        assert (tmp_path / "job.lock").exists()
    assert not (tmp_path / "job.lock").exists()


def test_never_two_threads_hold_one_lock(tmp_path):
    inside, most = [], []

    def work():
        for _ in range(20):
            with Locks(tmp_path).held("job", wait_s=100):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(most) == {1}
    assert len(most) == 80


def test_waiting_ends_when_the_caller_says_so(tmp_path):
    def enough():
        raise KeyError

    again = Locks(tmp_path).held("job", wait_s=60, look=enough)
    with Locks(tmp_path).held("job"), pytest.raises(KeyError):
        again.__enter__()


def test_a_holder_that_wrote_nothing_yet_is_another_process(tmp_path):
    (tmp_path / "job.lock").write_text("")
    assert Locks(tmp_path).holder("job") == "another process"


def test_one_machine_keeps_its_name_and_another_has_its_own(tmp_path):
    here = Locks(tmp_path / "a").machine
    assert Locks(tmp_path / "a").machine == here != Locks(tmp_path / "b").machine
    assert len(here) == 16


def test_a_name_that_could_leave_the_folder_is_refused(tmp_path):
    with pytest.raises(UsageError), Locks(tmp_path).held("../job"):
        pass


def test_a_place_where_no_folder_can_be_is_said_plainly(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable):
        Locks(tmp_path / "file" / "locks")
    locks = Locks(tmp_path / "there")
    (tmp_path / "there" / "job.lock").mkdir()
    with pytest.raises(StoreUnavailable), locks.held("job"):
        pass
