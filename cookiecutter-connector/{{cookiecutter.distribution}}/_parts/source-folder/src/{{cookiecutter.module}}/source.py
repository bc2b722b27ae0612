{% set place = "" %}{% include "source_files.jinja" %}
