"""``python -m stillface``: the command line."""

from stillface.cli.main import run

if __name__ == "__main__":
    run()
