"""What other tools had recorded, as versions."""
