"""The lite tier: picture statistics, named faults and a linear head of our own making.

`LiteScorer` measures every row of defaults/metrics.yaml that has the tier lite;
`findings` names the faults of one picture. No weights from outside and no torch.
"""

from darkroom.adapters.scorers.lite.scorer import Finding, LiteScorer, findings

__all__ = ["Finding", "LiteScorer", "findings"]
