"""How patient the ComfyUI client is in tests.

Its own pauses are fractions of a second. How long it waits for an answer is not: a server of
the tests always answers, on a machine that is busy only later; a test of silence says its own.
"""

from darkroom.adapters.comfyui import Timing

FAST = Timing(
    connect_s=30.0,
    submit_s=30.0,
    read_s=30.0,
    transfer_s=30.0,
    retry_pause_s=0.01,
    resubmit_pauses_s=(0.02, 0.05),
    socket_ready_s=30.0,
    socket_retry_s=(0.01, 0.02),
    slice_s=0.02,
    poll_s=0.5,
    poll_beside_doubt_s=0.05,
    poll_alone_s=(0.01, 0.02),
    confirm_lost_s=0.05,
    cancel_settle_s=1.0,
)
