from stasis_refer.adapters.capture.allowance import Allowance

ONE, OTHER = ("127.0.0.1", 1), ("127.0.0.1", 2)


def taken(allowance: Allowance, sender: tuple[str, int], now: float, tries: int = 100) -> int:
    return sum(allowance.take(sender, now) for _ in range(tries))


def test_as_many_as_a_second_has_are_let_through_and_grow_again() -> None:
    allowance = Allowance(20.0)
    assert taken(allowance, ONE, 5.0) == 20
    assert taken(allowance, ONE, 5.0) == 0
    assert taken(allowance, ONE, 5.5) == 10
    assert taken(allowance, ONE, 500.0) == 20


def test_strangers_share_and_who_is_trusted_does_not() -> None:
    allowance = Allowance(20.0)
    assert taken(allowance, ONE, 5.0) + taken(allowance, OTHER, 5.0) == 20
    allowance.trust(ONE, 5.0)
    assert (taken(allowance, ONE, 5.0), taken(allowance, OTHER, 5.0)) == (20, 0)


def test_being_trusted_again_gives_nothing_more() -> None:
    allowance = Allowance(20.0)
    allowance.trust(ONE, 5.0)
    assert taken(allowance, ONE, 5.0) == 20
    allowance.trust(ONE, 5.0)
    assert taken(allowance, ONE, 5.0) == 0


def test_who_was_silent_longest_is_forgotten() -> None:
    allowance = Allowance(20.0)
    for port in range(64):
        allowance.trust(("127.0.0.1", port), 5.0)
    allowance.trust(("127.0.0.1", 0), 5.0)
    allowance.trust(("127.0.0.1", 64), 5.0)
    assert taken(allowance, ("127.0.0.1", 1), 5.0) == 20  # the strangers'
    assert taken(allowance, ("127.0.0.1", 2000), 5.0) == 0
    assert taken(allowance, ("127.0.0.1", 0), 5.0) == 20
