import pytest
from prometheus_client import Counter, generate_latest

from stasis_refer.adapters.metrics.board import OTHER, Board, axis

WAYS = ("left", "right")


def lines(board: Board) -> list[str]:
    page = generate_latest(board.registry).decode()
    return [line for line in page.splitlines() if not line.startswith("#")]


def test_every_label_set_is_there_at_zero() -> None:
    board = Board()
    board(Counter, "turns_total", "Turns.", axis("way", WAYS, OTHER) | axis("fast", ["no", "yes"]))
    assert sorted(lines(board)) == [
        f'stasis_refer_turns_total{{fast="{fast}",way="{way}"}} 0.0'
        for fast in ("no", "yes")
        for way in ("left", "other", "right")
    ]


@pytest.mark.parametrize(("told", "counted_as"), [("left", "left"), ("up", "other")])
def test_a_value_nobody_listed_is_another(told: str, counted_as: str) -> None:
    board = Board()
    board(Counter, "turns_total", "Turns.", axis("way", WAYS, OTHER)).at(told).inc()
    assert f'stasis_refer_turns_total{{way="{counted_as}"}} 1.0' in lines(board)


def test_a_metric_without_labels_has_one_series() -> None:
    board = Board()
    board(Counter, "turns_total", "Turns.").at().inc()
    assert lines(board) == ["stasis_refer_turns_total 1.0"]


def test_a_value_listed_twice_is_one() -> None:
    assert axis("way", ["left", "left"], "left") == {"way": ("left",)}
