"""Writes data/digits.npy and digit_labels.npy: the 1,797 handwritten digits that scikit-learn packages.

    pip install scikit-learn && python scripts/digits.py

Source: Alpaydin, E. & Kaynak, C. (1998). Optical Recognition of Handwritten Digits. UCI Machine
Learning Repository, https://doi.org/10.24432/C50P49, CC BY 4.0; scikit-learn ships its test part.
"""

import numpy as np
from sklearn.datasets import load_digits

digits = load_digits()
np.save("data/digits.npy", digits.data.astype(np.uint8))
np.save("data/digit_labels.npy", digits.target.astype(np.uint8))
