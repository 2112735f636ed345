"""What a network's config may say: (least, most), wide enough for any that trains, so that a slip is named at once."""

COUNT = (1, 2**20)  # channels, dimensions, tokens of a vocabulary or of a prompt
CLASSES = (0, 2**20)
WIDTH = (1, 2**15)  # channels or features of a layer
DEPTH = (1, 128)  # blocks, one after another
HEADS = (1, 1024)
MAX_STAGES = 16  # of a UNet, each at half the size of the one before
