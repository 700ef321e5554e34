"""The SQL functions by behaviour: what each promises, to whom, and what races cannot break."""
