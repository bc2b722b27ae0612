{% set place = ", such as sftp://user@sis.example.org/export" %}{% include "source_files.jinja" %}
