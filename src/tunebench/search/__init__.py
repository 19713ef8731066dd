"""Deciding: oracles behind ask and tell, the journal, and the loop between them."""
