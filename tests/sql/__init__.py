"""The SQL functions by behaviour: what each promises, to which role, and under races."""
