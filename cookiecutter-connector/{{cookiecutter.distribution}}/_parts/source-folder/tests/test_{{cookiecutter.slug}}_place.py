{% include "source_place.jinja" %}
