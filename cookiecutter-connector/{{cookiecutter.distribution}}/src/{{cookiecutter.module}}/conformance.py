"""What {{ cookiecutter.system }} declares to the conformance suite."""

from __future__ import annotations

{% include "conformance_" ~ cookiecutter.kind ~ ".jinja" %}
