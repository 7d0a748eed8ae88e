"""A handler with SnapStart hooks."""

from snapshot_restore_py import register_after_restore, register_before_snapshot  # type: ignore[import-untyped]

register_before_snapshot(print, "before 1")
register_before_snapshot(print, "before 2")
register_after_restore(print, "after 1")


def lambda_handler(event, context):
    return "restored"
