"""What a person may type. No network."""
