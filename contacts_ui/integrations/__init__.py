"""The only code that speaks HTTP to a vendor: one module for each vendor."""
