"""One file a use case: the steps of a request, in order, over parts that are handed in."""
