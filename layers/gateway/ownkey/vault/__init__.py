"""Sealing and opening provider keys with KMS.

Two modules that know nothing of each other, so that a function can be given the one without the other: `sealing` needs
`kms:Encrypt`, `opening` needs `kms:Decrypt`. Nothing here stores or sends anything.
"""
