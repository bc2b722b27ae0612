"""What can be known before anything is planned: machine, project, settings, mapping, credentials; changes nothing."""

from rosterbus.checking.facts import Fact, exit_code
from rosterbus.checking.machine import machine_facts
from rosterbus.checking.pipelines import pipeline_facts
from rosterbus.checking.project import project_facts

__all__ = ["Fact", "exit_code", "machine_facts", "pipeline_facts", "project_facts"]
