"""Named SQL, one query per file; a package only so that a wheel carries the files."""
