"""Both vendors' APIs in miniature: a program of its own, for demos, training and tests."""
