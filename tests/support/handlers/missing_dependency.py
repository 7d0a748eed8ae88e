"""A module that needs another that is not there."""

import a_module_that_nobody_has  # type: ignore[import-not-found]


def lambda_handler(event, context):
    return a_module_that_nobody_has
