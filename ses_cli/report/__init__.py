"""A page about the health of sending, in one file: figures, charts and the page around them."""
