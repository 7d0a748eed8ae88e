"""The composition root: a module for each kind of function puts its parts together. Nothing here calls AWS."""
