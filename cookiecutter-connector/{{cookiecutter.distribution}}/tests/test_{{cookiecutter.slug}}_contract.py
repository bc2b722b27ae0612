{% from "parts.jinja" import kinds with context %}
"""The conformance suite: {{ cookiecutter.system }} as it declares itself."""

{% if "destination" in kinds %}
from {{ cookiecutter.module }}.conformance import Test{{ cookiecutter.class_name }}

__all__ = ["Test{{ cookiecutter.class_name }}"]
{% endif %}
