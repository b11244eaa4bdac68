"""The capforge command."""
