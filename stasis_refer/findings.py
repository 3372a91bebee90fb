"""What an examination of Asterisk finds; first of all its version."""

from dataclasses import dataclass

from stasis_refer.wire import ari, version

_ADVICE = "use 20.20, 22.10, 23.4 or later"
_CRASHES = (
    (version.REFER_SURVIVED, "a phone that sends a REFER and hangs up", "22.6, 20.16"),
    (version.REFER_SUB_SURVIVED, "a REFER with Refer-Sub: false", "22.11, 20.21, 23.5"),
)
"""What makes Asterisk crash that leaves a phone's REFER to the program, and what mends it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing examined, and what to do about it where it is not good."""

    good: bool
    text: str
    remedy: str = ""


def of_version(info: ari.Response) -> list[Finding]:
    """Return what is to be said of the version in the answer to ``commands.info()``."""
    try:
        found = version.read(str(info.body["system"]["version"]))
    except (version.BadVersion, KeyError, TypeError) as wrong:
        return [Finding(good=False, text=f"the version cannot be read: {wrong}", remedy=_ADVICE)]
    if not found.has(version.SUPPORTED):
        return [Finding(good=False, text=f"Asterisk {found} is too old", remedy=_ADVICE)]
    advice = "" if found.has(version.RECOMMENDED) else _ADVICE
    return [Finding(good=True, text=f"Asterisk {found}", remedy=advice), *_crashes(found)]


def _crashes(found: version.Version) -> list[Finding]:
    return [
        Finding(
            good=True,
            text=f"{what}, where an application takes REFERs, makes Asterisk {found} crash",
            remedy=f"use {mended} or later, or allow_transfer=no (pjsip.conf) for such phones",
        )
        for since, what, mended in _CRASHES
        if not found.has(since)
    ]
