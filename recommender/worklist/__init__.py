"""From a risk to something that was done about it: who is next, what was done, and whether it helped."""
