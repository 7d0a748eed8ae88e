"""What holds for every test."""

from hypothesis import settings

# The same examples in every run. `pytest --hypothesis-profile=default` looks for new ones.
# How long one takes depends on what else the machine does, and is not tested.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")
