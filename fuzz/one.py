"""``python -m fuzz.one CLAIM FLAGS…``: one claim under atheris, with libFuzzer's flags.

Everything of the program that a claim calls is instrumented, so that an input which reaches
something new is kept and mutated further. The first input that makes the claim fall ends it.
"""

import sys

import atheris

with atheris.instrument_imports(include=["stasis_refer"]):
    from fuzz.claims import CLAIMS


def main() -> None:
    """Fuzz until told to stop by the flags, or until the claim falls."""
    program, name, *flags = sys.argv
    holds = CLAIMS[name].holds
    atheris.enabled_hooks.add("RegEx")
    atheris.enabled_hooks.add("str")
    atheris.Setup([program, *flags], holds)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
