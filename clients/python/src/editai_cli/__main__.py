"""`python -m editai_cli`."""

from editai_cli.main import main

main()
