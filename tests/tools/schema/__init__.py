"""The tool that writes the next migration, and a signature that changes while programs call the function."""
