"""How long the exact search for similar images takes, against brute force in the same run."""
