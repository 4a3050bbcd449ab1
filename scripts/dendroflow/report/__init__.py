"""The page that a reader opens first: what was asked, what came out, and how to cite it."""
