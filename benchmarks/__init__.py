"""Ours beside the peers, on one server, round by round: `make bench`."""
