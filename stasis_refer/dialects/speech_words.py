"""What a document may say of speech: the words for it reach a speech program's command line."""

from typing import Final

MAX_SPEECH: Final = 4096
"""Characters that are spoken at once; more are an error that asks for several verbs."""

VOICE: Final = "[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}"
"""The pattern of a voice's name, such as ``Polly.Joanna``."""

LANGUAGE: Final = r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}"
"""The pattern of a BCP 47 tag, such as ``en-US``."""
