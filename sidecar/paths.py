"""Paths that settings name: what cannot be used is said by the setting's name, before anything is opened."""

from __future__ import annotations

import os
from pathlib import Path

from .server.authentication import BearerToken, read_token
from .store.folder import make_folder


class SettingError(Exception):
    """A setting cannot be used as things are; the text names it and says why."""

    def __init__(self, setting: str, why: str) -> None:
        super().__init__(f"{setting}: {why}")


def door(setting: str, token_file: Path | None) -> BearerToken | None:
    """What guards a listener, None where nothing does. SettingError where the file holds no token."""
    if token_file is None:
        return None
    try:
        return BearerToken(read_token(token_file))
    except OSError as error:
        raise SettingError(setting, f"{token_file} cannot be read: {_why(error)}") from error
    except UnicodeDecodeError as error:
        raise SettingError(setting, f"{token_file} is not UTF-8") from error
    except ValueError as error:
        raise SettingError(setting, str(error)) from error


def prepare(data_dir: Path, ready_file: Path | None) -> None:
    """Make the data folder, and see whether a ready file can be written. SettingError where either cannot be."""
    if ready_file is not None:
        folder = ready_file.parent
        if ready_file.is_dir():
            raise SettingError("ready_file", f"{ready_file} is a folder")
        if folder.absolute() != data_dir.absolute():
            if not folder.is_dir():
                raise SettingError("ready_file", f"{folder} is no folder")
            if not os.access(folder, os.W_OK | os.X_OK):
                raise SettingError("ready_file", f"{folder} cannot be written")
    try:
        make_folder(data_dir)
    except FileExistsError as error:
        raise SettingError("data_dir", f"{data_dir} is no folder") from error
    except OSError as error:
        raise SettingError("data_dir", f"{data_dir} cannot be made or used: {_why(error)}") from error


def _why(error: OSError) -> str:
    return error.strerror or str(error)
