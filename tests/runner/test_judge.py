"""The way out of the container to the model that grades."""

import os
import socket
from pathlib import Path

from runner.scoring.judge import SOCKET, Endpoint, Relay


def test_a_judge_is_reached_from_a_scratch_folder_of_any_depth(tmp_path: Path) -> None:
    folder = tmp_path / "scratch" / ("deep" * 40)
    with socket.create_server(("127.0.0.1", 0)) as judge, Relay(folder, Endpoint(*judge.getsockname())):
        fd = os.open(folder, os.O_RDONLY)
        with socket.socket(socket.AF_UNIX) as inside:
            inside.connect(f"/proc/self/fd/{fd}/{SOCKET}")
            os.close(fd)
            inside.sendall(b"is this good?")
            outside, _ = judge.accept()
            with outside:
                assert outside.recv(100) == b"is this good?"
                outside.sendall(b"0.75")
                assert inside.recv(100) == b"0.75"
