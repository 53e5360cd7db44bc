"""Eight lessons, five to eight minutes each; one module a lesson, all of one shape."""

from gandash.app.lessons import (
    collapse,
    discriminator,
    divergences,
    label_targets,
    non_saturating,
    one_dimension,
    quality,
    two_players,
)
from gandash.app.lessons.lesson import Lesson

LESSONS: tuple[Lesson, ...] = (
    discriminator.LESSON,
    one_dimension.LESSON,
    two_players.LESSON,
    non_saturating.LESSON,
    collapse.LESSON,
    divergences.LESSON,
    label_targets.LESSON,
    quality.LESSON,
)
