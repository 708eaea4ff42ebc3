"""Records out: the lines that were selected, or typed columns of them."""
