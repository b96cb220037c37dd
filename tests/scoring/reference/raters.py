"""Print the numbers of irrCAC 0.4.4 and krippendorff 0.9.0 (Python 3.11) that test_raters.py compares with."""

import krippendorff
import numpy as np
import pandas as pd
from irrCAC.raw import CAC

NAN = np.nan
THREE = [
    [NAN, NAN, NAN, NAN, NAN, 3, 4, 1, 2, 1, 1, 3, 3, NAN, 3],
    [1, NAN, 2, 1, 3, 3, 4, 3, NAN, NAN, NAN, NAN, NAN, NAN, NAN],
    [NAN, NAN, 2, 1, 3, 4, 4, NAN, 2, 1, 1, 3, 3, NAN, 4],
]
FOUR = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
    [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
]

for data in (THREE, FOUR):
    for weights in ("identity", "linear", "quadratic", "ordinal"):
        peer = CAC(pd.DataFrame(np.array(data).T), weights=weights)
        for name in ("gwet", "fleiss", "bp"):
            found = getattr(peer, name)()["est"]
            print(
                weights, name, found["coefficient_value"], found["se"], found["confidence_interval"], found["p_value"]
            )
    for metric in ("nominal", "ordinal", "interval", "ratio"):
        print(metric, krippendorff.alpha(reliability_data=np.array(data), level_of_measurement=metric))
small = np.array([[1, 2, 3, 3, 2], [1, 2, 3, 1, NAN]])
print("small", krippendorff.alpha(reliability_data=small, level_of_measurement="interval"))
rng = np.random.default_rng(7)
large = rng.integers(1, 6, (4, 60)).astype(float) ** 1.5
large[rng.random((4, 60)) < 0.2] = NAN
for metric in ("nominal", "ordinal", "interval", "ratio"):
    print("large", metric, repr(krippendorff.alpha(reliability_data=large, level_of_measurement=metric)))
