"""What a part must offer to be plugged in, and the one registry that finds parts by name."""
