"""The nouns of the gateway and the rules between them.

Values, errors and `Protocol`s only: nothing here does I/O, and nothing here imports another package of ours.
"""
