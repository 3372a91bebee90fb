from stasis_refer.lab.dialog import DialogId

DIALOG = DialogId("1-7@127.0.0.1", local_tag="mine", remote_tag="theirs")


def test_replaces_names_the_tags_as_the_other_end_has_them() -> None:
    assert DIALOG.replaces == "1-7@127.0.0.1;to-tag=theirs;from-tag=mine"


def test_a_refer_to_carries_it_as_a_header_of_the_uri() -> None:
    assert DIALOG.refer_to("sip:b@example.com") == (
        "<sip:b@example.com?Replaces=1-7%40127.0.0.1%3Bto-tag%3Dtheirs%3Bfrom-tag%3Dmine>"
    )
