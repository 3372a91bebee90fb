import pytest

from stasis_refer.core.verbs import Speech
from stasis_refer.dialects.bxml_voices import VOICES, Voice

# The table of voices on Bandwidth's page on SpeakSentence: name, locale, gender.
TABLE = """
julie en_US female
kate en_US female
susan en_US female
dave en_US male
paul en_US male
bridget en_UK female
simon en_UK male
katrin de female
stefan de male
esperanza es female
violeta es female
jorge es male
rosa es_MX female
jolie fr female
bernard fr male
paola it female
luca it male
masako ja female
kenji ja male
nadiya ru female
anatoli ru male
zeina arb female
zhiyu cmn-CN female
ruth en_US female
stephen en_US male
lupe es_US female
pedro es_US male
gabrielle fr_CA female
liam fr_CA male
"""


def test_every_voice_of_the_table_and_no_other() -> None:
    rows = (line.split() for line in TABLE.split("\n") if line)
    assert {name: Voice(locale, gender) for name, locale, gender in rows} == VOICES


@pytest.mark.parametrize(
    ("voice", "language", "speaker"),
    [
        (Voice(), "en-US", "woman"),
        (Voice("en_US", "male"), "en-US", "man"),
        (Voice("en_UK"), "en-GB", "woman"),
        (Voice("EN_uk"), "en-GB", "woman"),
        (Voice("de"), "de", "woman"),
        (Voice("fr_CA", "male"), "fr-CA", "man"),
        (Voice("arb"), "ar", "woman"),
        (Voice("cmn-CN"), "cmn-CN", "woman"),
    ],
)
def test_a_voice_speaks_a_language_as_a_man_or_a_woman(
    voice: Voice, language: str, speaker: str
) -> None:
    assert voice.speech("Hello") == Speech("Hello", language, speaker)
