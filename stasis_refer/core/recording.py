"""Names of recordings: each says of which call it is."""


def name_of(key: str, number: int) -> str:
    """Return the name of the recording of this number that the call of a key makes."""
    return f"{key}-{number}"


def call_of(name: str) -> str:
    """Return the key of the call that a recording is of."""
    return name.rpartition("-")[0]
