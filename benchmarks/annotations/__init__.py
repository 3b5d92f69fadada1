"""What annotating, searching and exporting cost, beside a floor measured in the same run."""
