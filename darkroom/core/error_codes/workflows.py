"""The error codes of workflows."""

from darkroom.core.error_codes.code import ErrorCode

ROWS = (
    ErrorCode(
        "workflow-shape",
        "A file is not a graph: an object of node id -> {class_type, inputs}.",
        "in ComfyUI use 'Export (API)'; see docs/workflows.md",
    ),
    ErrorCode(
        "workflow-ui-format",
        "A file is what the editor saves, which no server runs as it is.",
        "convert it with `darkroom workflow convert`, or use 'Export (API)' in ComfyUI",
    ),
    ErrorCode(
        "workflow-file",
        "A workflow file cannot be read or written.",
        "check the path; a workflow is a JSON file",
    ),
    ErrorCode(
        "workflow-no-output",
        "A graph saves and previews no image.",
        "add a SaveImage node",
    ),
    ErrorCode(
        "workflow-role-unknown",
        "There is no role of that name.",
        "`darkroom workflow show FILE` lists the roles of a graph",
    ),
    ErrorCode(
        "workflow-role",
        "A graph has no place for a role.",
        "use --set node.input=value, or name the place in a bindings table",
    ),
    ErrorCode(
        "workflow-value",
        "A value cannot stand where it should be written.",
        "give a value of the kind and range the message names",
    ),
    ErrorCode(
        "workflow-setting",
        "A setting names no input that can be set.",
        "write node.input=value; `darkroom workflow show FILE` lists what there is",
    ),
    ErrorCode(
        "workflow-binding",
        "A bindings table names roles or inputs that do not exist.",
        "write role: node.input, or a list of them",
    ),
    ErrorCode(
        "workflow-lora",
        "A LoRA cannot be put in, taken out or changed.",
        "`darkroom workflow show FILE` lists the LoRAs and the model loader of a graph",
    ),
    ErrorCode(
        "workflow-object-info",
        "A file is not what a server answers to GET /object_info.",
        "save it with `curl http://HOST:8188/object_info > object_info.json`",
    ),
    ErrorCode(
        "workflow-host",
        "No node table of a host was given, or the host is not configured.",
        "give --object-info FILE, or --host with a host of darkroom.yaml or an address",
    ),
    ErrorCode(
        "workflow-convert",
        "A file of the editor cannot be converted as it is.",
        "mend the named nodes in the editor, or use 'Export (API)' there",
    ),
    ErrorCode(
        "preflight-failed",
        "A host cannot run a graph as it stands.",
        "mend what the lines above name; nothing was submitted",
    ),
)
