"""For programs that write: the actor, the history of their models, and their migrations."""
