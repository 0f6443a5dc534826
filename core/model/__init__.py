"""What things are. Nothing here reads, writes, or asks the time."""
