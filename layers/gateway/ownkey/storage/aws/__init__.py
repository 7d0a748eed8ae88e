"""The few AWS calls of a chat, without boto3, whose import and clients take longer than a whole cold start should.

Signed JSON over one kept connection a service, and the client methods that our repositories and the vault call, shaped
like boto3's. Functions outside the chat path use boto3 itself.
"""
