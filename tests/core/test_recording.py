from stasis_refer.core.recording import call_of, name_of


def test_a_recording_says_of_which_call_it_is() -> None:
    key = "0123456789abcdef" * 2
    assert name_of(key, 12) == f"{key}-12"
    assert call_of(name_of(key, 12)) == key


def test_a_name_that_is_none_of_ours_is_of_no_call() -> None:
    assert call_of("greeting") == ""
