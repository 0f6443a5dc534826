"""`python -m core` is `privacy-desk`."""

from core.cli import main

if __name__ == "__main__":
    main()
