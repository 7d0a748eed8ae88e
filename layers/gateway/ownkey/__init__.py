"""OwnKey: a bring-your-own-key gateway for language models that runs in your own AWS account.

`functions/` holds the Lambda entry points; everything they share lives here. Imports point down only:
bootstrap → services → adapters, vault, storage, routing, catalog, streaming, billing, auth, api → domain.
"""

__version__ = "0.1.0"
