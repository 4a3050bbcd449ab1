"""Jobs about models: copies of their folders, and their mechanisms."""

from pathlib import Path

from dendroflow.jobs.job import Job, logger
from dendroflow.mechanisms import compile_mechanisms as compile_with_nrnivmodl
from dendroflow.mechanisms import target_of
from dendroflow.plan.models import check_copy, copy_model


def keep_model(job: Job) -> None:
    """Copy a model's folder to where jobs import it from."""
    copy = Path(job.output.model).parent
    copy_model(job.folder / "models" / job.params.model, copy, copy.name)


def compile_mechanisms(job: Job) -> None:
    """Compile the `.mod` files of a model's copy."""
    copy = Path(job.input.model).parent
    check_copy(copy)
    library, loops = job.output.get("coreneuron"), job.output.get("loops")
    target = target_of(copy, str(job.wildcards.build)) if library else None
    said = compile_with_nrnivmodl(
        copy,
        Path(job.output.library),
        (Path(library), Path(loops)) if library else None,
        target=target,
        origin=job.folder / "models" / job.params.model,
    )
    logger.info("%s", said)
