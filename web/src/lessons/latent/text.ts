import type { ChapterText } from '../../chapters/text'
import { written } from '../../written'

const plain = (value: number, decimals = 0) => written(value, decimals, decimals)
const time = (milliseconds: number) => (milliseconds < 995 ? `${plain(milliseconds)} ms` : `${plain(milliseconds / 1000, 1)} s`)
const percent = (share: number) => `${plain(100 * share, share < 0.1 ? 1 : 0)}%`

export const labels = {
  scene: 'A picture and its latent',
  view: 'Show',
  views: { trip: 'There and back', paint: 'Paint on the latent', race: 'Two clocks' },
  colours: [['#1e293b', 'dark'], ['#ffffff', 'white'], ['#fb7185', 'red'], ['#22c55e', 'green']] as const,
  given: 'A picture: paint on it',
  back: 'Back from its latent',
  backLabel: 'What the decoder makes of the latent',
  latent: 'Its latent: 8 sheets of 16 × 16',
  sheets: 'Eight grey sheets of 16 × 16 numbers',
  errors: 'Where it came back wrong',
  trip: (decibels?: number) => `A picture of 128 × 128 pixels at the left, and what came back from its latent at the right.${decibels === undefined ? '' : ` It came back with ${plain(decibels, 1)} dB.`}`,
  facts: (decibels: number, took?: { encoder: number; decoder: number }) =>
    `49,152 numbers became 2,048 and came back with ${plain(decibels, 1)} dB (PSNR: 6 dB more is half the error). ${took ? `Here the encoder took ${time(took.encoder)}, the decoder ${time(took.decoder)}.` : 'This first trip was recorded.'}`,
  choose: 'Drawing',
  colour: 'Paint in',
  file: 'A picture of yours …',
  unread: (name: string) => `${name} is no picture that this browser reads`,
  clear: 'As it was',
  fetches: 'What you change is computed here: the autoencoder, 1 MB, is fetched once, and 13 MB to run it. The drawings are the style Sprouts by DiceBear (dicebear.com), CC0 1.0; the networks learnt from 10,000 others.',
  paintOn: (sheet: number) => `Sheet ${sheet} of the latent: paint on it`,
  unfolded: 'What the decoder makes of it',
  all: 'All eight sheets',
  changes: 'What has changed',
  push: 'Added to the painted numbers',
  sheet: 'Sheet',
  number: (value: number) => plain(value, 2),
  pad: {
    pad: 'A sheet of the latent, to paint on',
    keys: 'Also by keys: arrows move, the space bar paints.',
    under: (column: number, row: number, painted: boolean) => `Column ${column}, row ${row}, ${painted ? 'painted' : 'as it was'}`,
  },
  painted: (many: number, sheet: number, push: number, share?: number) =>
    many === 0
      ? 'Nothing is painted yet: this is the picture as its latent has it.'
      : `${many === 1 ? 'One number' : `${plain(many)} numbers`} of sheet ${sheet}, ${percent(many / 2048)} of the latent, moved by ${plain(push, 2)}.${share === undefined ? '' : ` ${percent(share)} of the pixels changed.`}`,
  emoji: ['red heart', 'penguin', 'strawberry', 'butterfly'],
  pixels: 'In pixels: 16 emoji of 32 × 32',
  latents: 'In latents: an avatar of 128 × 128',
  clock: (milliseconds: number, calls: number, done: boolean) => `${time(milliseconds)} · ${calls === 1 ? '1 call' : `${calls} calls`}${done ? ' ✓' : ''}`,
  raced: (asked: boolean, done: boolean) =>
    `Two walks with a clock on each: sixteen emoji in pixels, and an avatar of as many pixels in latents. ${!asked ? 'They have not begun.' : done ? 'Both are done.' : 'They are on their way.'}`,
  start: (megabytes?: number) => `Start both (fetches ${megabytes === undefined ? '…' : plain(megabytes)} MB, once)`,
  unstarted: 'Nothing has been fetched yet.',
  ratio: (times: number, one: number, other: number, decoder?: number) =>
    `A call in pixels took ${time(one)}, one in latents ${time(other)}: ${plain(times, 1)} times as long here.${decoder === undefined ? '' : ` The decoder came on top, once: ${time(decoder)}.`}`,
  compares: 'Both pictures have 128 × 128 pixels. The network in pixels has fewer weights than the one in latents, and sees 24 times as many numbers.',
}

export const text: ChapterText = {
  id: 'latent',
  title: 'Latent diffusion',
  lead: 'Most numbers of a picture say little. Squeeze them out first, walk in the small space that is left, and unfold the picture once at the end.',
  minutes: 12,
  sections: [
    {
      heading: 'There and back',
      text: [
        'A picture of 128 × 128 pixels in three colours is 49,152 numbers. An [[autoencoder]] squeezes it into 2,048: its [[latent]], eight sheets of 16 × 16. That is 24 times fewer. [See it at work](latent.view=trip). At the right is what the decoder makes of the latent again, and below it the map of errors.',
        'The errors lie along edges, where a small shift costs much. The large, even areas come back as they were. Now paint something that no such drawing has: a scribble, or a thin line. It comes back smeared, because the autoencoder has only learnt what its 10,000 drawings need. What it loses, no walk in its latents can ever bring back. So measure the autoencoder first, by itself.',
      ],
      equations: [
        { tex: String.raw`z = E(x) \in \mathbb R^{8 \times 16 \times 16}, \qquad \hat x = D(z), \qquad \text{PSNR} = 10\,\log_{10}\frac{4}{\operatorname{mean}\,(x - \hat x)^2}`, says: 'Encoder E, decoder D, and the error of the trip for numbers from −1 to 1.' },
      ],
      code: 'latent_trip.py',
    },
    {
      heading: 'A latent is still a picture',
      text: [
        'Look at the sheets: the outline of the drawing is in them. Each place of a sheet speaks for a patch of 8 × 8 pixels and for what lies around it. [Paint on one](latent.view=paint&latent.cells=AAAAAAAAAAAAAA8AAPAwDA8): sixteen numbers are moved, and the picture changes there and close around, nowhere else. Try another sheet, or the other sign. None of them means “red” or “edge” by itself. Only the decoder knows what they mean together.',
        'It matters that the small space is laid out like this. A [[UNet]] or a transformer works on it as on a picture: same blocks, same [[attention]], smaller sides.',
      ],
    },
    {
      heading: 'Two clocks',
      text: [
        'Now walk in it. Noise is mixed into the latent, a network learns to guess the clean latent, and the decoder is called once, at the end. Nothing else is new. [Let two walks race](latent.view=race): at the left sixteen emoji side by side, which are 128 × 128 pixels, walked in pixels; at the right one drawing of as many pixels, walked in its latent. There is a clock on each, and the network at the right has more weights.',
        'For larger pictures the gain grows. Attention compares every place with every other. At an eighth of the width and of the height there are 64 times fewer places, and 4,096 times fewer pairs.',
      ],
      equations: [
        { tex: String.raw`z_t = \alpha_t\,E(x) + \sigma_t\,\varepsilon, \qquad L = \mathbb E\,\bigl\|\,\hat z(z_t, t) - E(x)\,\bigr\|^2`, says: 'Training in latents: the encoder stands still, and everything else is as it was.' },
      ],
      code: 'latent_walk.py',
    },
    {
      heading: 'What makes a latent good',
      text: [
        'Small is not enough. A walk ends a little beside the latents that the encoder makes, so the decoder must bear some noise. In training, noise was put on the latents that it had to unfold. The numbers should spread about as the noise does, or the schedule fits badly: each sheet is brought to a spread of one. And neighbours should mean similar things, so that a guess half-way between two latents is still a picture.',
        'There is a trade. More sheets, or larger ones, bring back more detail. But then there is more for the walk to get right. Stable Diffusion of 2022 kept 4 numbers a place, and its followers 16: small letters and faces far away became readable.',
      ],
    },
  ],
}
