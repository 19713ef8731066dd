"""Front-ends: Keras layers from waveform to image, one for each row of the catalog.

`build` is the entrance. A row's own builder gives the steps from waveform to values
(`mel.py`, `stft.py`, `multi_stft.py`, `mfcc.py`); `frontend.py` puts scaling before
them and normalisation, resizing and channels after. Importing this package imports
TensorFlow.
"""

from tunebench.frontends.frontend import Frontend, build

__all__ = ["Frontend", "build"]
