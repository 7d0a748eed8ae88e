"""`make run`: the deployed template on this machine.

A front turns HTTP into API Gateway events and runs each function in a process of its own, behind a Runtime API endpoint
of that process. Nothing here is deployed.
"""
