"""Inputs near to valid ones: seeds of a claim, cut, joined and with its words put into them."""

from hypothesis import strategies as st

from fuzz.claim import Claim

_ANYTHING = (b"", b"\0", b"\n", b"\r\n", b" ", b"\xff", b"\xc3\xa9", b"\xed\xa0\x80", b"9" * 30)


@st.composite
def inputs(draw: st.DrawFn, claim: Claim) -> bytes:
    """Return a seed in which up to four stretches were replaced."""
    data = draw(st.sampled_from(claim.seeds))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = start + draw(st.sampled_from((0, 0, 1, 2, 8, 40)))
        data = data[:start] + draw(_put_in(claim)) + data[end:]
    return data


def _put_in(claim: Claim) -> st.SearchStrategy[bytes]:
    words = st.sampled_from((*claim.words, *_ANYTHING))
    return (
        words
        | st.binary(max_size=4)
        | st.tuples(words, st.integers(2, 60)).map(lambda pair: pair[0] * pair[1])
        | st.sampled_from(claim.seeds)
    )
