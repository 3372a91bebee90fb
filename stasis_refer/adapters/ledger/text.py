"""Text that came from outside, as a table can hold it."""


def writable(text: str) -> str:
    """Return a text without what is no character: a lone surrogate, as JSON may have, and NUL."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
