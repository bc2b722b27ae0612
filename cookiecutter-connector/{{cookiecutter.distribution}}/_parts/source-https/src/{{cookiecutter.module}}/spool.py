{% include "source_spool.jinja" %}
