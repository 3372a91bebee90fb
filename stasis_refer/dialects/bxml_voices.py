"""Who speaks a ``<SpeakSentence>``: Bandwidth's voices as a language, and a man or a woman.

Source: the table of voices on Bandwidth's page on SpeakSentence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stasis_refer.core.verbs import Speech


@dataclass(frozen=True, slots=True)
class Voice:
    """A locale as Bandwidth writes it, and ``female`` or ``male``."""

    locale: str = "en_US"
    gender: str = "female"

    def speech(self, text: str) -> Speech:
        """Return ``text`` as this voice speaks it."""
        return Speech(text, _language(self.locale), _SPEAKERS[self.gender])


VOICES: Final[Mapping[str, Voice]] = {
    "julie": Voice("en_US", "female"),
    "kate": Voice("en_US", "female"),
    "susan": Voice("en_US", "female"),
    "ruth": Voice("en_US", "female"),
    "dave": Voice("en_US", "male"),
    "paul": Voice("en_US", "male"),
    "stephen": Voice("en_US", "male"),
    "bridget": Voice("en_UK", "female"),
    "simon": Voice("en_UK", "male"),
    "katrin": Voice("de", "female"),
    "stefan": Voice("de", "male"),
    "esperanza": Voice("es", "female"),
    "violeta": Voice("es", "female"),
    "jorge": Voice("es", "male"),
    "rosa": Voice("es_MX", "female"),
    "lupe": Voice("es_US", "female"),
    "pedro": Voice("es_US", "male"),
    "jolie": Voice("fr", "female"),
    "bernard": Voice("fr", "male"),
    "gabrielle": Voice("fr_CA", "female"),
    "liam": Voice("fr_CA", "male"),
    "paola": Voice("it", "female"),
    "luca": Voice("it", "male"),
    "masako": Voice("ja", "female"),
    "kenji": Voice("ja", "male"),
    "nadiya": Voice("ru", "female"),
    "anatoli": Voice("ru", "male"),
    "zeina": Voice("arb", "female"),
    "zhiyu": Voice("cmn-CN", "female"),
}
"""Every voice by its name in lower case."""

# The words of the speech program for a voice of either kind.
_SPEAKERS: Final = {"female": "woman", "male": "man"}

# Bandwidth's locales that are not BCP 47 once - stands for _, or not its shortest form.
_LANGUAGES: Final = {"en_uk": "en-GB", "arb": "ar"}


def _language(locale: str) -> str:
    return _LANGUAGES.get(locale.lower(), locale.replace("_", "-"))
