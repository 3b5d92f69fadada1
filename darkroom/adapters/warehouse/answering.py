"""What a worker does: say what documents mean, as often as it is asked.

Owns the loop between the two pipes; how the process around it starts is `worker`'s.
"""

from pathlib import Path
from typing import IO

from darkroom.adapters.warehouse.fetching import from_folder
from darkroom.adapters.warehouse.reading import read_portion
from darkroom.adapters.warehouse.wire import receive_request, receive_shapes, send_answer


def serve(root: Path, asked: IO[bytes], answered: IO[bytes]) -> None:
    """Answer every request until there are no more."""
    shapes = receive_shapes(asked)
    while request := receive_request(asked):
        found = from_folder(root, [key for key, _ in request])
        send_answer(read_portion(found, [entry for _, entry in request], shapes), answered)
