"""What is known of models: who runs them, and by what id."""
