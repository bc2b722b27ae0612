{% include "source_exports.jinja" %}
