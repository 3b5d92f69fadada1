"""The closed world of coloured shapes: its words, what captions state, what pictures show."""
