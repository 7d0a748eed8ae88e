"""A handler whose hook fails after the restore."""

from snapshot_restore_py import register_after_restore  # type: ignore[import-untyped]


def reconnect():
    raise ConnectionRefusedError("no way back")


register_after_restore(reconnect)


def lambda_handler(event, context):
    return None
