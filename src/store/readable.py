"""Bytes that the system hands out (file names, arguments, lines) as the text that rows hold."""


def readable(raw: bytes) -> str:
    """UTF-8 as it is; every byte that is no UTF-8 as ``\\xNN``, so that nothing is lost (docs/store.md)."""
    return raw.decode("utf-8", "backslashreplace")
