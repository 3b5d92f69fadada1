"""Imports: how long 31,000 images of each kind take, beside hashing and beside a plain copy."""
