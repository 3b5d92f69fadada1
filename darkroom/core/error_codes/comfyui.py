"""The error codes of ComfyUI servers."""

from darkroom.core.error_codes.code import ErrorCode

ROWS = (
    ErrorCode(
        "comfy-address-invalid",
        "The address of a ComfyUI server cannot be used.",
        "write http://host:8188 or https://host/prefix",
    ),
    ErrorCode(
        "comfy-unreachable",
        "A ComfyUI server did not answer.",
        "start it, or check its address under `hosts` in darkroom.yaml; `darkroom doctor` tries it",
    ),
    ErrorCode(
        "comfy-tls",
        "The certificate of a ComfyUI server is not trusted.",
        "use the name the certificate is for, or name your authority in REQUESTS_CA_BUNDLE",
    ),
    ErrorCode(
        "comfy-denied",
        "A ComfyUI server, or a proxy before it, refuses this client.",
        "check user and password of the proxy; ComfyUI itself knows none",
    ),
    ErrorCode(
        "comfy-answer",
        "Something answers, but not as ComfyUI does.",
        "check that address and port are those of ComfyUI itself",
    ),
    ErrorCode(
        "comfy-socket",
        "A ComfyUI server takes no websocket.",
        "let the proxy pass websockets; without one, jobs run and only progress is missing",
    ),
    ErrorCode(
        "comfy-too-old",
        "A ComfyUI server is too old to take job ids from its clients.",
        "update ComfyUI to 0.3.64 or later",
    ),
    ErrorCode(
        "comfy-away",
        "A ComfyUI server went away while it had a job, and did not come back in time.",
        "start it again, then run `darkroom reconcile`: what it lost is resubmitted",
    ),
    ErrorCode(
        "server-away",
        "A ComfyUI server was waited for and did not come back; nothing was given up for it.",
        "start it, then give the same command again: a run goes on where it was; `wait_s` of the"
        " host in darkroom.yaml says how long one is waited for",
    ),
    ErrorCode(
        "submission-unclear",
        "A server went away while it was sent a job; whether it has it is not known.",
        "run `darkroom reconcile` when the server is back: the job is looked for, then resubmitted",
    ),
    ErrorCode(
        "job-graph-invalid",
        "A graph cannot be sent to any server as it is.",
        "mend what the message names; `darkroom workflow check` says all of it",
    ),
    ErrorCode(
        "job-refused",
        "A ComfyUI server refused a graph.",
        "mend the node and input named; `darkroom doctor` compares workflow and server",
    ),
    ErrorCode(
        "job-breaks-server",
        "A ComfyUI server failed each time it was sent a graph, and queued nothing.",
        "look into the server's own log; a custom node may fail while it checks the graph",
    ),
    ErrorCode(
        "output-damaged",
        "What a ComfyUI server gives as output is no whole image.",
        "draw it again; if it goes on, check the server's disk",
    ),
    ErrorCode(
        "output-gone",
        "A ComfyUI server no longer has the file it names as output.",
        "it is drawn again under another file name",
    ),
    ErrorCode(
        "upload-too-large",
        "An input image is larger than the server takes.",
        "scale it down, or start ComfyUI with a larger --max-upload-size",
    ),
)
