{% set place = ", such as s3://bucket/export" %}{% include "source_files.jinja" %}
