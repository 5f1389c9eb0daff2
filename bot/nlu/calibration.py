"""Making confidences mean what they say, from scores of examples that were held out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

Array = npt.NDArray[np.float64]

# Where nothing could be held out.
USUAL_SCALE = 1.0
_LEAST_SCALE, _MOST_SCALE = 0.1, 100.0


def scale_of(scores: Array, right: npt.NDArray[np.intp]) -> float:
    """The factor by which scores must be multiplied for their softmax to be calibrated.

    `scores` of shape (examples, intents) are of classifiers that have not seen the examples,
    `right` is each one's true column. Temperature scaling, Guo et al. 2017, arXiv 1706.04599.
    """
    if not len(scores):
        return USUAL_SCALE
    bounds = (np.log(_LEAST_SCALE), np.log(_MOST_SCALE))
    found = minimize_scalar(
        lambda log_scale: surprise(scores * np.exp(log_scale), right),
        bounds=bounds,
        method="bounded",
    )
    return float(np.exp(found.x))


def surprise(scores: Array, right: npt.NDArray[np.intp]) -> float:
    """The mean negative log-likelihood of what is right: the less, the better the scores."""
    return float(-log_softmax(scores, axis=1)[np.arange(len(right)), right].mean())


def refusal_threshold(in_scope: Array, share: float, out_of_scope: int = 0) -> float:
    """The score below which a message is taken to be about something else.

    `in_scope` are the scores of held-out examples that the assistant should understand, without
    those (`out_of_scope` in number) that were taken to be out of scope already; no more than
    `share` of all of them is refused. Minus infinity: nothing may be refused any more.
    """
    allowed = int(share * (len(in_scope) + out_of_scope)) - out_of_scope
    if allowed <= 0:
        return float("-inf")
    return float(np.sort(in_scope)[min(allowed, len(in_scope) - 1)])


def expected_calibration_error(
    confidences: Array, right: npt.NDArray[np.bool_], bins: int = 15
) -> float:
    """How far confidences are from the share that is right: the mean over equal-width bins."""
    if not len(confidences):
        return 0.0
    place = np.clip((confidences * bins).astype(int), 0, bins - 1)
    apart = [
        abs(confidences[place == one].mean() - right[place == one].mean()) * (place == one).sum()
        for one in np.unique(place)
    ]
    return float(sum(apart) / len(confidences))
