"""Training: the loop, the games it plays, what it restores and what it reports."""

from torch import Tensor

from gandash.report import Progress, Report
from gandash.training.alone import update_alone
from gandash.training.arithmetic import choose_arithmetic
from gandash.training.games import Game, Player, game_of
from gandash.training.loop import Step, Watch, play, train
from gandash.training.reports import Snapshot
from gandash.training.start import check_fits, new_state
from gandash.training.state import Arithmetic, Course, State, build_state, choose_device

__all__ = [
    "Arithmetic",
    "Course",
    "Game",
    "Player",
    "Progress",
    "Report",
    "Snapshot",
    "State",
    "Step",
    "Watch",
    "build_state",
    "check_fits",
    "choose_arithmetic",
    "choose_device",
    "game_of",
    "new_state",
    "play",
    "sample",
    "train",
    "update_alone",
]


def sample(state: State, z: Tensor) -> Tensor:
    """Samples of a run as it stands, of latent vectors z (N, latent_dim), in eval mode, on the CPU.

    Images are uint8 (N, C, H, W), points float32 (N, dim); of the moving average where there is
    one, the classes in turn where G knows them.
    """
    return game_of(state).sample(z)
