"""Which providers a request tries, in what order, with whose key: pure, before anything is opened or called."""
