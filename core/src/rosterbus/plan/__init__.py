"""Everything about a delivery except the sending."""
