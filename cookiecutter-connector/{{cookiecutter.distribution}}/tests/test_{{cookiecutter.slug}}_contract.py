"""The conformance suite: {{ cookiecutter.system }} as it declares itself."""

{% include "contract_" ~ cookiecutter.kind ~ ".jinja" %}
