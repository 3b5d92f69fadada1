"""Pure code: no files, sockets, clocks, randomness or environment.

Times, random bits and identifiers come in as arguments, so that everything here
can be property-tested and gives the same answer on every machine.
"""
