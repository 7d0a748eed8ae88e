"""DynamoDB: one repository a table or an entity, and the small client that the chat function reads them with.

Repositories take a client shaped like boto3's low-level one, so the same code runs on boto3 and on `storage.aws`. Every
failure of a store is a `StoreUnavailableError`; every item read is checked; no pk or sk is made outside `keyspace`.
"""
