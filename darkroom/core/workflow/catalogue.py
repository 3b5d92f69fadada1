"""The words of ComfyUI graphs: which input names and classes carry which meaning.

Owns tables only. Meaning is read from input names first, so that a custom node
which names its inputs like the standard ones is understood without being listed;
classes are listed only where names alone would mislead.
"""

PICTURE_FIRST = (
    "images",
    "image",
    "pixels",
    "samples",
    "latent_image",
    "latent",
    "video",
    "start_image",
    "destination",
    "source",
)
"""Inputs that carry the picture itself, in the order they are followed."""

NOT_PICTURE = frozenset(
    {
        "model",
        "model1",
        "model2",
        "clip",
        "clip1",
        "clip2",
        "vae",
        "positive",
        "negative",
        "conditioning",
        "conditioning_1",
        "conditioning_2",
        "conditioning_to",
        "conditioning_from",
        "cond1",
        "cond2",
        "mask",
        "noise",
        "guider",
        "sampler",
        "sigmas",
        "control_net",
        "style_model",
        "clip_vision",
        "clip_vision_output",
        "ipadapter",
        "upscale_model",
        "gligen_textbox_model",
    }
)
"""Inputs that steer the picture but are not it."""

TEXT_INPUTS = (
    "text",
    "text_g",
    "text_l",
    "clip_l",
    "clip_g",
    "t5xxl",
    "llama",
    "bert",
    "mt5xl",
    "prompt",
    "user_prompt",
)
"""Where text encoders keep the prompt; every one that is present gets it."""

CONDITIONING_NEXT = ("conditioning", "conditioning_1", "conditioning_to", "cond1")
"""The first, and so the main, conditioning of a node that combines several."""

CONDITIONING_FURTHER = ("conditioning_2", "conditioning_from", "cond2")

SILENCING_CLASSES = frozenset({"ConditioningZeroOut"})
"""Whatever text is above these nodes has no effect."""

MODEL_NEXT = ("model", "model1", "unet", "model_a")
CLIP_NEXT = ("clip", "clip1")
CHECKPOINT_INPUTS = (
    "ckpt_name",
    "unet_name",
    "gguf_name",
    "base_ckpt_name",
    "model_path",
    "model_name",
    "model",
)
CLIP_INPUTS = ("clip_name", "clip_name1", "clip_name2", "clip_name3", "clip_name4")
VAE_INPUTS = ("vae_name",)

SEED_INPUTS = ("seed", "noise_seed")
SAMPLER_INPUTS = ("sampler_name", "sampler")
SCHEDULER_INPUTS = ("scheduler", "scheduler_name")
CFG_INPUTS = ("cfg", "cfg_conds")
LATENT_INPUTS = ("latent_image", "latent", "samples", "image", "images", "pixels")
WIDTH_INPUTS = ("width", "empty_latent_width")
HEIGHT_INPUTS = ("height", "empty_latent_height")
BATCH_INPUTS = ("batch_size", "amount")

VALUE_INPUTS = (
    "value",
    "Value",
    "int",
    "float",
    "string",
    "text",
    "number",
    "seed",
    "noise_seed",
    "prompt",
    "String",
    "Text",
    "Number",
    "boolean",
    "model_name",
)
"""The one input of a node that exists only to hold a value for others."""

PASSING_CLASSES = frozenset({"ShowText|pysssss", "easy showAnything", "PreviewAny"})
"""Nodes that hand their one linked input on, though they have other inputs."""

FIRST_OF_CLASSES = frozenset({"Any Switch (rgthree)"})
"""Nodes that hand on the first of their inputs that is fed."""

SWITCH_INPUTS = {
    "ComfySwitchNode": ("switch", "on_{}"),
    "ImpactSwitch": ("select", "input{}"),
}
"""Nodes that hand on the input which another of their inputs names."""

MEANING_OF_INPUT = {
    "width": "width",
    "height": "height",
    "batch_size": "batch",
    "seed": "seed",
    "noise_seed": "seed",
    "steps": "steps",
    "cfg": "cfg",
    "guidance": "guidance",
    "denoise": "denoise",
    "sampler_name": "sampler",
    "scheduler": "scheduler",
    "ckpt_name": "checkpoint",
    "filename_prefix": "filename_prefix",
    "strength_model": "lora strength",
    "strength_clip": "lora strength",
}
"""What an input means by its name alone, for inputs that no role has claimed."""

SAVING_CLASSES = frozenset(
    {
        "SaveImage",
        "SaveImageWebsocket",
        "SaveAnimatedWEBP",
        "SaveAnimatedPNG",
        "SaveVideo",
        "SaveWEBM",
        "VHS_VideoCombine",
        "Image Save",
        "ImageSave",
        "Save Image w/Metadata",
        "SaveImageExtended",
        "SaveImageWithMetaData",
        "SaveImageAdvanced",
        "ETN_SendImageWebSocket",
    }
)
PREVIEWING_CLASSES = frozenset({"PreviewImage", "easy imageSave", "Image Comparer (rgthree)"})
OUTPUT_PICTURE_INPUTS = ("images", "image", "video", "image_a")

KNOWN_CLASSES = frozenset(
    {
        "KSampler",
        "KSamplerAdvanced",
        "SamplerCustom",
        "SamplerCustomAdvanced",
        "CheckpointLoaderSimple",
        "CheckpointLoader",
        "ImageOnlyCheckpointLoader",
        "unCLIPCheckpointLoader",
        "UNETLoader",
        "UnetLoaderGGUF",
        "CLIPLoader",
        "DualCLIPLoader",
        "TripleCLIPLoader",
        "QuadrupleCLIPLoader",
        "CLIPLoaderGGUF",
        "DualCLIPLoaderGGUF",
        "VAELoader",
        "CLIPSetLastLayer",
        "LoraLoader",
        "LoraLoaderModelOnly",
        "CLIPTextEncode",
        "CLIPTextEncodeSDXL",
        "CLIPTextEncodeSDXLRefiner",
        "CLIPTextEncodeFlux",
        "CLIPTextEncodeSD3",
        "CLIPTextEncodeHunyuanDiT",
        "CLIPTextEncodeHiDream",
        "CLIPTextEncodeLumina2",
        "CLIPTextEncodeControlnet",
        "ConditioningCombine",
        "ConditioningConcat",
        "ConditioningAverage",
        "ConditioningSetArea",
        "ConditioningSetAreaPercentage",
        "ConditioningSetAreaStrength",
        "ConditioningSetMask",
        "ConditioningSetTimestepRange",
        "ConditioningZeroOut",
        "ControlNetLoader",
        "DiffControlNetLoader",
        "ControlNetApply",
        "ControlNetApplyAdvanced",
        "ControlNetApplySD3",
        "ControlNetInpaintingAliMamaApply",
        "SetUnionControlNetType",
        "FluxGuidance",
        "BasicGuider",
        "CFGGuider",
        "DualCFGGuider",
        "RandomNoise",
        "DisableNoise",
        "KSamplerSelect",
        "BasicScheduler",
        "KarrasScheduler",
        "ExponentialScheduler",
        "PolyexponentialScheduler",
        "VPScheduler",
        "SDTurboScheduler",
        "BetaSamplingScheduler",
        "AlignYourStepsScheduler",
        "GITSScheduler",
        "SplitSigmas",
        "SplitSigmasDenoise",
        "FlipSigmas",
        "ModelSamplingFlux",
        "ModelSamplingSD3",
        "ModelSamplingAuraFlow",
        "ModelSamplingDiscrete",
        "ModelSamplingContinuousEDM",
        "RescaleCFG",
        "CFGNorm",
        "EmptyLatentImage",
        "EmptySD3LatentImage",
        "EmptyFlux2LatentImage",
        "EmptyHunyuanLatentVideo",
        "VAEDecode",
        "VAEDecodeTiled",
        "VAEEncode",
        "VAEEncodeTiled",
        "VAEEncodeForInpaint",
        "InpaintModelConditioning",
        "SetLatentNoiseMask",
        "RepeatLatentBatch",
        "LatentUpscale",
        "LatentUpscaleBy",
        "LoadImage",
        "LoadImageMask",
        "ImageScale",
        "ImageScaleBy",
        "ImageScaleToTotalPixels",
        "ImageUpscaleWithModel",
        "UpscaleModelLoader",
        "GrowMask",
        "FeatherMask",
        "InvertMask",
        "ImageToMask",
        "MaskToImage",
        "Reroute",
        "PrimitiveInt",
        "PrimitiveFloat",
        "PrimitiveString",
        "PrimitiveStringMultiline",
        "PrimitiveBoolean",
        *FIRST_OF_CLASSES,
        *SWITCH_INPUTS,
        *SAVING_CLASSES,
        "PreviewImage",
    }
)
"""Standard nodes: inputs of theirs that carry no role are settings, not riddles."""
