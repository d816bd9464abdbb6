"""The synthetic academy: invented people with habits worth learning, for a new installation to show."""
