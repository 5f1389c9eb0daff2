"""`python -m bot.cli`: the command line where no script is installed."""

from bot.cli.main import app

app(prog_name="flerkanal")
