"""Who is calling: gateway keys of programs, and sessions of people. Both end in a `Principal`.

Looking a key up and asking Cognito are handed in. Nothing here knows DynamoDB, or decides what a caller may do.
"""
