"""The use cases of the store."""

from stargazer.service.job_reader import JobReader
from stargazer.service.reading import Reading
from stargazer.service.service import Service
from stargazer.service.viewer import Asker
from stargazer.service.wanted import DAY, WEEK, Outcome, Wanted

__all__ = ["DAY", "WEEK", "Asker", "JobReader", "Outcome", "Reading", "Service", "Wanted"]
