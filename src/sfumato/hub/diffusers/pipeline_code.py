"""What is written around the code of ours in a folder with a pipeline of its own: the classes that diffusers makes."""

from __future__ import annotations

LICENCE = "Its code is of Sfumato, under the Apache License 2.0."
PIPELINE = '''\
class SfumatoPipeline(DiffusionPipeline):
    """Generates what the network was trained on: pictures, clips as lists of frames, points as a tensor."""

    model_cpu_offload_seq = "network->vae"
    _optional_components = ["vae"]

    def __init__(self, network, vae=None):
        super().__init__()
        self.register_modules(network=network, vae=vae)

    @torch.no_grad()
    def __call__(
        self,
        prompt=None,
        negative_prompt=None,
        class_labels=None,
        num_inference_steps=None,
        guidance_scale=None,
        num_images_per_prompt=None,
        seeds=None,
        generator=None,
        latents=None,
        conditions=None,
        output_type="pil",
        return_dict=True,
    ):
        """One picture a seed: the one that Sfumato generates by it. Without `seeds`, `generator` or PyTorch draws them.

        `prompt`, `negative_prompt` and `class_labels`, by name or number, are of all or one a picture; `conditions`
        are tensors by name; `latents` is standard normal noise in the place of the seeds'. A `guidance_scale` of 1
        is plainly conditional, 0 unconditional. `output_type` is "pil", "pt" (in [-1, 1]) or "latent".
        """
        about, device = self.network.config.about, self._execution_device
        drawing = Drawing(self.network, about, device)
        lists = [one for one in (prompt, class_labels) if isinstance(one, (list, tuple))]
        count = len(lists[0]) if lists else 1 if latents is None else len(latents)
        repeated = 1 if num_images_per_prompt is None else num_images_per_prompt
        count = count * repeated if seeds is None else len(seeds)
        if repeated > 1 and seeds is None:
            prompt, class_labels, negative_prompt = (
                [part for part in one for _ in range(repeated)] if isinstance(one, (list, tuple)) else one
                for one in (prompt, class_labels, negative_prompt)
            )
        if seeds is None:
            first = generator[0] if isinstance(generator, (list, tuple)) else generator
            where = "cpu" if first is None else first.device
            seeds = torch.randint(2**62, (count,), generator=first, device=where).tolist()
        steps = about["steps"] if num_inference_steps is None else num_inference_steps
        given = prompt is not None or class_labels is not None or bool(conditions)
        guidance = float(about["guidance"] if guidance_scale is None else guidance_scale) if given else 1.0
        cond = drawing.conditions(count, prompt, class_labels, conditions)
        null = drawing.conditions(count, negative_prompt)
        lines = drawing.walk(steps, guidance)["lines"]
        with self.progress_bar(total=sum("ask" in line for line in lines)) as bar:
            found = drawing(seeds, steps, guidance, cond, null, latents, bar.update)
        images = found if output_type == "latent" else self.shown(found, output_type)
        self.maybe_free_model_hooks()
        return ImagePipelineOutput(images=images) if return_dict else (images,)

    def shown(self, found, output_type):
        """What the walk has led to, as it is seen."""
        about = self.network.config.about
        if self.vae is not None:
            height, width = about["picture"][-2:]
            found = self.vae.decode(found.to(self.vae.dtype)).sample[..., :height, :width].float()
        if output_type == "pt" or found.ndim < 4:
            return found.cpu()
        values = ((found.clamp(-1, 1) + 1) * 127.5).round().byte().movedim(-3, -1).cpu().numpy()
        if values.shape[-1] == 1:
            values = values[..., 0]
        clips = found.ndim == 5
        return [[*map(Image.fromarray, one)] if clips else Image.fromarray(one) for one in values]
'''
NETWORK = '''\
class Network(ModelMixin, ConfigMixin):
    """The network, asked in its weights' dtype; it answers in float32. `about` says what it takes."""

    @register_to_config
    def __init__(self, about=None):
        super().__init__()
        self.net = BUILT

    def forward(self, x, c_noise, **conditions):
        dtype = self.dtype
        given = {name: value.to(dtype) if value.is_floating_point() else value for name, value in conditions.items()}
        return self.net(x.to(dtype), c_noise.to(dtype), **given).float()
'''
AUTOENCODER = '''\
class PictureAutoencoder(ModelMixin, ConfigMixin):
    """Pictures to latents and back, called as AutoencoderKL is; what it encodes is certain."""

    @register_to_config
    def __init__(
        self, in_channels, latent_channels, block_out_channels, scaling_factor=1.0, shift_factor=0.0, sample_size=None
    ):
        super().__init__()
        self.net = BUILT

    def encode(self, x, return_dict=True):
        latents = self.net.encode(x)
        both = torch.cat([latents, torch.full_like(latents, -30.0)], dim=1)
        found = DiagonalGaussianDistribution(both, deterministic=True)
        return AutoencoderKLOutput(latent_dist=found) if return_dict else (found,)

    def decode(self, z, return_dict=True, generator=None):
        sample = self.net.decode(z)
        return DecoderOutput(sample=sample) if return_dict else (sample,)

    def forward(self, sample, return_dict=True):
        return self.decode(self.net.encode(sample), return_dict)
'''
MODEL_IMPORTS = """\
from diffusers.configuration_utils import ConfigMixin
from diffusers.configuration_utils import register_to_config
from diffusers.models.modeling_utils import ModelMixin"""
# name of a file → (what it is, imports, the class of diffusers in it)
PARTS = {
    "pipeline": (
        "A pipeline of diffusers for a model of Sfumato; it needs PyTorch and diffusers alone.",
        "from PIL import Image\nfrom diffusers import DiffusionPipeline\nfrom diffusers import ImagePipelineOutput",
        PIPELINE,
    ),
    "network": ("The network of a model of Sfumato; it needs PyTorch and diffusers alone.", MODEL_IMPORTS, NETWORK),
    "autoencoder": (
        "The autoencoder of a model of Sfumato; it needs PyTorch and diffusers alone.",
        f"{MODEL_IMPORTS}\nfrom diffusers.models.autoencoders.vae import DecoderOutput\n"
        "from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution\n"
        "from diffusers.models.modeling_outputs import AutoencoderKLOutput",
        AUTOENCODER,
    ),
}
