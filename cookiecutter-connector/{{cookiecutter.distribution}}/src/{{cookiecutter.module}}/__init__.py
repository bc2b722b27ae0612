"""{{ cookiecutter.system }} for rosterbus."""
