import pytest

from stasis_refer.core.verbs import Hangup, Tag, Verb
from stasis_refer.dialects.bxml_tags import tag_text, tagged
from stasis_refer.dialects.dialect import DocumentError
from stasis_refer.dialects.markup import parse


@pytest.mark.parametrize(
    ("text", "verbs"),
    [
        ("<Hangup/>", (Hangup(),)),
        ('<Hangup tag="gold"/>', (Tag("gold"), Hangup())),
        ('<Hangup tag=""/>', (Tag(""), Hangup())),
    ],
)
def test_a_tag_is_in_force_before_its_verb(text: str, verbs: tuple[Verb, ...]) -> None:
    assert tagged(parse(text.encode()), Hangup()) == verbs


def test_a_tag_has_at_most_256_characters() -> None:
    assert tag_text("x" * 256) == "x" * 256
    with pytest.raises(ValueError, match="at most 256 characters, not 257"):
        tag_text("x" * 257)
    with pytest.raises(DocumentError, match="at most 256"):
        tagged(parse(f'<Hangup tag="{"x" * 257}"/>'.encode()), Hangup())
