"""About how large the files of weights are, for people who have to fetch them.

Owns nothing but that; a size is never compared with anything, digests are.
"""

from pathlib import PurePosixPath

_ABOUT_MB = {
    "brisque_svm_weights.pth": 0.1,
    "niqe_modelparameters.mat": 0.01,
    "NIMA_InceptionV2_ava-b0c77c00.pth": 218,
    "cfanet_nr_koniq_res50-9a73138b.pth": 181,
    "musiq_koniq_ckpt-e95806b9.pth": 109,
    "sac+logos+ava1-l14-linearMSE.pth": 3.7,
    "ViT-L-14-openai.safetensors": 1710,
    "one-align": 16_000,
    "Q-ReAlign-Mini-0.8B": 1700,
    "nima.onnx": 219,
    "topiq_nr.onnx": 178,
    "laion_aesthetic.onnx": 3.7,
    "clip_image.onnx": 1216,
    "clip_text.onnx": 495,
}


def about_mb(file: str) -> float | None:
    """The usual size of a file or folder in MB, by its name; None for one we do not know."""
    return _ABOUT_MB.get(PurePosixPath(file).name)
