"""How patient the ComfyUI client is in tests: everything in fractions of a second."""

from darkroom.adapters.comfyui import Timing

FAST = Timing(
    connect_s=2.0,
    submit_s=2.0,
    read_s=2.0,
    transfer_s=2.0,
    retry_pause_s=0.01,
    resubmit_pauses_s=(0.02, 0.05),
    socket_ready_s=0.3,
    socket_retry_s=(0.01, 0.02),
    slice_s=0.02,
    poll_s=0.5,
    poll_beside_doubt_s=0.05,
    poll_alone_s=(0.01, 0.02),
    confirm_lost_s=0.05,
    cancel_settle_s=1.0,
)
