"""How a run can end badly: each error knows its exit code."""

from __future__ import annotations

from capforge_contracts.exitcodes import ExitCode


class TrainerError(Exception):
    """Ends the run; the message is for the person who asked for it."""

    exit_code = ExitCode.INTERNAL_ERROR


class BadConfigurationError(TrainerError):
    """The run asks for something that this trainer or this machine cannot do."""

    exit_code = ExitCode.BAD_CONFIGURATION


class BadDataError(TrainerError):
    """The data cannot be trained on; the message names the record."""

    exit_code = ExitCode.BAD_DATA


class OutOfMemoryError(TrainerError):
    """The device's memory is too small for the parameters."""

    exit_code = ExitCode.OUT_OF_MEMORY


class NonFiniteLossError(TrainerError):
    """The loss is no longer a number."""

    exit_code = ExitCode.NON_FINITE_LOSS


class ParityError(TrainerError):
    """The exported graph does not answer as the trained network does."""

    exit_code = ExitCode.PARITY_FAILED


class StoppedError(TrainerError):
    """Somebody asked the process to stop; the state is saved."""

    exit_code = ExitCode.INTERRUPTED
