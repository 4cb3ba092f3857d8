"""Suffixes of files that are no text, so that they need not be opened to find out."""

from __future__ import annotations

__all__ = ["has_binary_suffix"]

_PICTURES_AND_SOUND = """
    png jpg jpeg gif bmp ico icns webp avif tif tiff psd heic
    mp3 mp4 m4a m4v ogg oga ogv opus wav flac avi mov mkv webm
"""
_PACKAGES = "zip gz tgz bz2 xz zst lz4 7z rar tar jar war ear whl egg gem deb rpm dmg iso apk ipa nupkg crate"
_COMPILED = "so dylib dll exe o a lib obj pyc pyo pyd class wasm bin elf node rlib rmeta pdb"
_FONTS_AND_DOCUMENTS = "woff woff2 ttf otf eot pdf doc docx xls xlsx ppt pptx odt ods odp epub"
_DATA = """
    db sqlite sqlite3 npy npz pkl pickle parquet feather h5 hdf5 onnx pt pth safetensors gguf mo gmo dat idx pack
    keystore jks p12 pfx der
"""
_BINARY = frozenset(
    suffix
    for group in (_PICTURES_AND_SOUND, _PACKAGES, _COMPILED, _FONTS_AND_DOCUMENTS, _DATA)
    for suffix in group.split()
)


def has_binary_suffix(name: str) -> bool:
    """Whether a file of that name is taken to be binary."""
    _stem, dot, suffix = name.rpartition(".")
    return bool(dot) and suffix.lower() in _BINARY
