"""A module that cannot be imported: its set-up fails."""


def _connect():
    raise ConnectionRefusedError("nobody there at import")


_connect()
