"""Builds and checks in this process, without limits: for tests that are about something else."""

import asyncio

from yoi_bundle.boundary.scanner import SecretScanner
from yoi_workspace_server.publishing.build_work import Answer, Job, run_job


class InProcessJobs:
    """Does jobs in a thread, with the scanner that it is given."""

    def __init__(self, scanner: SecretScanner) -> None:
        self._scanner = scanner

    async def run(self, job: Job, *, workspace: str) -> Answer:
        del workspace
        return await asyncio.to_thread(run_job, job, self._scanner)
