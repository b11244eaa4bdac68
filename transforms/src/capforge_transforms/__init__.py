"""Pixels, the same for training and serving: decode, letterbox, boxes there and back, crops. No torch.

known = transforms(card.transforms_version)
canvas, placement = known.canvas(data, limits, 320, 320)    # uint8 RGB [320,320,3], upright
boxes = known.boxes_to_image(model_boxes, placement)        # pixels of the upright image
image = known.decode(data, limits)                          # uint8 RGB [H,W,3], upright, in full size
crops = known.crops(image, [Region(box)], card.crop)        # uint8 RGB [N,height,width,3]
"""

from capforge_transforms.crop import Region, crop, crops, touches
from capforge_transforms.decode import DEFAULT_LIMITS, Limits, checked_header, decode, stored_orientation
from capforge_transforms.errors import ImageError, NotAnImage, TooManyBytes, TooManyPixels, Truncated, UnknownVersion
from capforge_transforms.exif import boxes_to_upright, swaps_axes, upright_size
from capforge_transforms.header import Format, Header, read_header
from capforge_transforms.letterbox import PADDING, Placement, boxes_to_image, boxes_to_model, letterbox, place
from capforge_transforms.memory import decode_bytes
from capforge_transforms.versions import VERSION, VERSIONS, Transforms, transforms

__all__ = [
    "DEFAULT_LIMITS",
    "PADDING",
    "VERSION",
    "VERSIONS",
    "Format",
    "Header",
    "ImageError",
    "Limits",
    "NotAnImage",
    "Placement",
    "Region",
    "TooManyBytes",
    "TooManyPixels",
    "Transforms",
    "Truncated",
    "UnknownVersion",
    "boxes_to_image",
    "boxes_to_model",
    "boxes_to_upright",
    "checked_header",
    "crop",
    "crops",
    "decode",
    "decode_bytes",
    "letterbox",
    "place",
    "read_header",
    "stored_orientation",
    "swaps_axes",
    "touches",
    "transforms",
    "upright_size",
]
