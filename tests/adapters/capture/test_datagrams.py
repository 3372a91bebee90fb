import socket
from contextlib import closing, suppress

from stasis_refer.adapters.capture import datagrams


def read_all(listening: socket.socket) -> int:
    """Return how many datagrams have arrived."""
    read = 0
    with suppress(BlockingIOError):
        while listening.recv(datagrams.LARGEST):
            read += 1
    return read


def test_what_the_kernel_had_no_room_for_is_counted() -> None:
    with (
        closing(datagrams.listen("127.0.0.1", 0)) as listening,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending,
    ):
        losses = datagrams.Losses(listening)
        assert losses.since_last() == 0
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(100):
            sending.sendto(bytes(1000), listening.getsockname())
        read = read_all(listening)
        assert 0 < read < 100
        assert losses.since_last() == 100 - read
        assert losses.since_last() == 0
