{% from "parts.jinja" import kinds with context %}
"""What {{ cookiecutter.system }} declares to the conformance suite."""

from __future__ import annotations

{% if "destination" in kinds %}
from rosterbus.testing import DestinationContract


class Test{{ cookiecutter.class_name }}(DestinationContract):
    """{{ cookiecutter.system }}'s twin is told everything that {{ cookiecutter.system }} would be."""

    connector = "{{ cookiecutter.name }}"
{% endif %}
