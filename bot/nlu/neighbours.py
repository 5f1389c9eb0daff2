"""How like a message is to the nearest example that was ever taught."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.preprocessing import normalize

Array = npt.NDArray[np.float64]

# Enough to tell what is known; more would only slow every message down.
MOST = 20_000


@dataclass(frozen=True)
class Neighbours:
    """Examples to be near to, as unit vectors in two parts.

    `dense`: (examples, dense columns). `sparse`: (sparse columns, examples), so that a message
    meets only the examples that it shares something with.
    """

    dense: npt.NDArray[np.float32]
    sparse: csr_matrix

    @classmethod
    def of(cls, features: csr_matrix, dense_columns: int) -> Neighbours:
        """Of examples' weighed features, whose first columns are the dense ones."""
        if features.shape[0] > MOST:
            rows = np.random.default_rng(0).choice(features.shape[0], MOST, replace=False)
            features = features[np.sort(rows)]
        unit = normalize(features)
        return cls(
            np.ascontiguousarray(unit[:, :dense_columns].toarray(), dtype=np.float32),
            csr_matrix(unit[:, dense_columns:].T, dtype=np.float32),
        )

    def nearest(self, features: csr_matrix) -> Array:
        """The cosine of each message with the example nearest to it, of shape (messages,)."""
        unit = normalize(features)
        columns = self.dense.shape[1]
        alike = (unit[:, columns:] @ self.sparse).toarray()
        alike += unit[:, :columns].toarray() @ self.dense.T
        return np.asarray(alike.max(axis=1, initial=0.0), dtype=np.float64)

    def arrays(self) -> dict[str, Any]:
        """As plain arrays, for storing."""
        return {
            "near_dense": self.dense.astype(np.float16),
            "near_data": self.sparse.data.astype(np.float16),
            "near_indices": self.sparse.indices,
            "near_indptr": self.sparse.indptr,
            "near_shape": self.sparse.shape,
        }

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, Any]) -> Neighbours:
        sparse = csr_matrix(
            (
                arrays["near_data"].astype(np.float32),
                arrays["near_indices"],
                arrays["near_indptr"],
            ),
            shape=tuple(arrays["near_shape"]),
        )
        return cls(arrays["near_dense"].astype(np.float32), sparse)
