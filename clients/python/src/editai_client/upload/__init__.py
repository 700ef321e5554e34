"""What uploads need besides requests: how they are remembered, and the words of the TUS protocol."""
