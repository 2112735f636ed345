import type { ChapterText } from '../chapters/text'

/** Five reasons, each with the measured claims that speak of it, and whether it's a price. */
export const reasons = [
  { key: 'stable', name: 'Stable', says: 'Training is one fixed exercise. There is no second network to play against, so nothing has to be balanced.', claims: ['stability'] },
  { key: 'faithful', name: 'Faithful', says: 'The pictures come near to the data. The walk makes many small corrections, and each one is a simple guess.', claims: ['fidelity'] },
  { key: 'diverse', name: 'Diverse', says: 'Every seed leads to its own picture. The training asks about all examples, so none may be left out.', claims: ['diversity', 'seeds'] },
  { key: 'steerable', name: 'Steerable', says: 'At every step you can change the guess: by a class, by words, by a mask, by a second model.', claims: ['conditioning'] },
  { key: 'price', name: 'The price', says: 'One picture costs many calls. Good samplers need fewer, but never as few as a GAN or a VAE.', claims: ['many-calls', 'few-steps'] },
] as const

const chapters = ['idea', 'forward', 'reverse', 'network', 'training', 'sampling', 'steering'] as const
type Row = Record<(typeof chapters)[number], string>

/** What is known of four systems, on this lesson's chapters. */
export const systems: Record<string, { name: string; about: string; rows: Row }> = {
  dalle: {
    name: 'DALL·E 2',
    about: 'OpenAI, 2022. Described in a paper.',
    rows: {
      idea: 'From noise to picture, twice: first a summary of the picture, then the picture.',
      forward: 'Noise is mixed into small pictures of 64 × 64 pixels, and into the summary.',
      reverse: 'Three walks one after the other: to 64, then to 256, then to 1024 pixels a side.',
      network: 'UNets for the pictures, a transformer for the summary.',
      training: 'Hundreds of millions of pictures with captions from the web.',
      sampling: 'DDPM and DDIM, with fewer steps at the larger sizes.',
      steering: 'Words become a CLIP summary of a picture, and guidance pushes towards it.',
    },
  },
  stable: {
    name: 'Stable Diffusion',
    about: 'CompVis, Stability AI and Runway, 2022. Weights and code are public.',
    rows: {
      idea: 'The same walk, in a smaller space.',
      forward: 'Noise is mixed into latents, not into pixels. Version 3 uses the straight schedule.',
      reverse: 'The walk stays in the latent space. The decoder runs once, at the end.',
      network: 'A UNet with attention to the words, 860 million weights. Version 3: a transformer.',
      training: 'Billions of pictures with captions from the web (LAION).',
      sampling: 'Any sampler of chapter 6. Common: 20 to 50 steps.',
      steering: 'A text encoder (CLIP), and guidance of about 7. Masks, LoRA and ControlNet came from the public.',
    },
  },
  midjourney: {
    name: 'Midjourney',
    about: 'Midjourney, since 2022. How it works inside is not public.',
    rows: {
      idea: 'What can be seen: pictures begin as noise or a blur and become clear.',
      forward: 'Not public.',
      reverse: 'The service shows early pictures of the walk while you wait.',
      network: 'Not public.',
      training: 'Not public.',
      sampling: 'You can set the seed: the same seed and prompt give nearly the same pictures.',
      steering: 'A prompt, a picture to start from, a strength of style, and a brush to draw a region again.',
    },
  },
  sora: {
    name: 'Sora',
    about: 'OpenAI, 2024. A report describes its plan, not its details.',
    rows: {
      idea: 'The same walk for video: all frames of a clip come from one block of noise.',
      forward: 'Noise is mixed into the latent of a whole video.',
      reverse: 'Noisy patches go in, a guess of the clean patches comes out.',
      network: 'A transformer on patches that extend in space and time.',
      training: 'Videos and pictures of many sizes, with captions written by another model.',
      sampling: 'Not public.',
      steering: 'Words, a first picture, or a video to go on with.',
    },
  },
}

export const labels = {
  view: 'Look at',
  views: { why: 'Why it works so well', systems: 'Four systems' },
  system: 'System',
  known: (name: string) => `${name} on the chapters of this lesson`,
  chapter: (number: number, title: string) => `${number} ${title}`,
}

export const text: ChapterText = {
  id: 'world',
  title: 'In the world',
  lead: 'DALL·E, Stable Diffusion, Midjourney, Sora: you know their main parts now. Here is what they add, why diffusion works so well, and what it may not do.',
  minutes: 15,
  sections: [
    {
      heading: 'Why it works so well',
      text: [
        'Before diffusion, the best pictures came from [[GAN|GANs]]. Four points changed that: training is stable, the pictures are faithful, they are diverse, and they can be steered. They have a price, which is paid at the time of drawing. [The panel](world.view=why) holds all five against measurements.',
        'The measurements are small, as the models of this lesson are. Where they do not confirm a claim, the panel says so. Large models confirm faithful and steerable, and they also show the price: their calls run on machines that cost as much as a house.',
      ],
    },
    {
      heading: 'Four systems, seven chapters',
      text: [
        '[Choose a system](world.view=systems&world.system=stable) and see where each chapter comes back. All four begin with noise, walk to a picture and are steered by words. They differ in what they walk on (pixels or [[latent|latents]]), in the [[network]] ([[UNet]] or [[transformer]]), and in how the words get in.',
        'About Midjourney there is little to read, so the table says “not public” where nothing is known. Sora shows that the plan does not end at pictures. A video is a larger block of numbers, and the walk stays the same.',
      ],
    },
    {
      heading: 'Parts that large systems add',
      text: [
        '**Text encoders.** The small text network of [chapter 7](steering.view=words) learnt from captions of emoji. Large systems take a [[text encoder]] that was trained beforehand on far more text. CLIP learnt which captions belong to which pictures; T5 learnt to fill gaps in text. Both give rows of numbers, and attention reads them, as you saw.',
        '**Latents.** Large pictures are squeezed first, and the walk stays in the small space. [The smaller space](steering.view=latent&steering.space=scale) of chapter 7 shows how much that saves. Stable Diffusion 3 keeps 16 numbers at each place instead of 4, so more detail survives.',
        '**Transformers.** Newer systems replace the UNet by a [[transformer]]. It cuts the picture into patches, and all patches look at one another by [attention](network.view=attention), at every block. This costs more, and it pays: with more weights and more data the pictures go on improving.',
        '**LoRA.** To teach a model your dog or your style, you need not change all its weights. [[LoRA]] keeps them and adds, beside each large table of weights, two narrow ones. Only these are trained, with the exercise of [chapter 5](training.view=step). The file is often a hundred times smaller than the model.',
        '**ControlNet.** Words are bad at saying where things are. A [[ControlNet]] reads a drawing, a pose or a depth map and adds what it finds to the network’s own maps, as if there were one more [bridge](network.view=parts&network.off=skip+0.0) in chapter 4. It begins at zero, so at first nothing changes.',
        '**Distillation.** A walk of 20 steps can teach a second model to do the same in one to four. This is [[distillation]]. The second model learns to jump to where the first would arrive. Compare with [where few steps break](sampling.view=few) in chapter 6: without this training, one step gives only the average.',
        '**Flow matching.** Some models are trained on [[flow matching]]: the network is asked for the [[velocity (v)]] along a straight line from noise to data. With Gaussian noise this is diffusion with the [straight schedule](forward.show=schedule&forward.schedule=flow) of chapter 2, in other words. The guidance dial of chapter 7 walks on this schedule.',
      ],
    },
    {
      heading: 'Copies, rights, and where a picture comes from',
      text: [
        '**Copies.** A model usually does not copy, but it can. In 2023 researchers took the 350,000 pictures that stand most often in the training set of Stable Diffusion, and drew 500 pictures from the caption of each. By their measure 94 of the originals came back nearly unchanged. The reason is [[memorisation]]: few examples and long training, as in [chapter 5](training.view=run&training.show=error&training.set=held_out&training.moment=10) and with the [red heart](steering.view=words&steering.say=red+heart) of chapter 7. Removing duplicates from the training set helps.',
        '**Rights.** Training pictures usually belong to somebody. Whether one may train on them without asking is decided differently in different countries, and courts are still at work. It is also open who owns a drawn picture: in the United States, a picture made by a machine alone has no copyright. If you publish pictures, look up the rules of your country and the licence of the model. The emoji of this lesson come from OpenMoji. Its licence (CC BY-SA 4.0) allows this use if OpenMoji is named and what is made from its drawings is shared alike.',
        '**Provenance.** A good picture may be a lie. [[provenance|Provenance]] is the answer: signed data in the file that say which camera or model made it (C2PA), or a hidden mark in the pixels (such as SynthID). Both can be lost or removed, so a missing mark proves nothing. The AI Act of the European Union obliges those who provide such systems to mark what they generate.',
      ],
    },
  ],
}
