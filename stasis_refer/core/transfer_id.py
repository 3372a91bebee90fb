"""What names a transfer to everybody outside."""


def id_of(call: str, number: int) -> str:
    """Return the id of the transfer of this number that the call of a key has begun."""
    return f"{call}-{number}"


def parts_of(id_: str) -> tuple[str, int]:
    """Return key and number, or raise ValueError where it is no id of a transfer."""
    call, hyphen, number = id_.rpartition("-")
    plain = number.isascii() and number.isdecimal() and not number.startswith("0")
    if not call or not hyphen or not plain or len(number) > _DIGITS:
        raise ValueError(id_)
    return call, int(number)


_DIGITS = 9
