"""The way of a plan to its vendor: intent, sending, proof, and what to do when nobody can know."""
