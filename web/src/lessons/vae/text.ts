import type { ChapterText } from '../../chapters/text'

const percent = (share: number) => `${Math.round(100 * share)}%`
const one = (value: number) => value.toFixed(1).replace('-', '−')

export const labels = {
  scene: 'A carpet of decoded digits over the plane of codes',
  across: 'The point, across',
  up: 'The point, up',
  one,
  percent,
  beta: 'β, the price of a bit',
  draw: 'A point from the bell curve',
  digits: 'Ellipses of',
  shown: (which: string) => (which === 'all' ? 'all digits' : which === 'none' ? 'none' : which),
  here: 'decoded here',
  near: 'nearest code: before, after',
  nearShort: 'nearest code',
  rows: { error: 'Error of the round trip', bits: 'Bits a code holds', outside: 'Codes off the sheet' },
  key: 'The carpet: what the decoder makes of each place. Each ellipse: where a digit that was never trained on may be sent, its middle and one standard deviation around it. The ring: your point. The plane reaches from −3 to 3, and the bell curve puts 99.5% of its points there.',
  described: (beta: string, x: number, y: number, digit: string, { error, bits }: { error: number; bits: number }) =>
    `With β ${beta} a code holds ${one(bits)} bits, and a round trip errs by ${percent(error)}. The point at ${one(x)}, ${one(y)} is decoded to a picture; the nearest code is that of a ${digit}.`,
}

export const text: ChapterText = {
  id: 'vae',
  title: 'Autoencoders and VAEs',
  lead: 'Squeeze a digit into two numbers and unfold it again. Walk over the plane of all pairs of numbers, and see why a plain autoencoder can’t draw and how a VAE learns to.',
  minutes: 12,
  sections: [
    {
      heading: 'Two numbers a digit',
      text: [
        'An [[autoencoder]] is two networks. The *encoder* turns the 64 pixels of a digit into two numbers, a point in the plane. The *decoder* turns a point back into 64 pixels. They are trained together, so that what comes out is close to what went in. Two numbers are too few to keep everything, so they keep what matters most.',
        'The carpet shows what the decoder makes of every place. [Drag the ring](vae.beta=1&vae.x=-1&vae.y=0.5), and one digit turns into another. Nobody told the networks which digit is which. Pictures that look alike came to lie side by side because that makes the error small.',
      ],
    },
    {
      heading: 'A carpet with holes',
      text: [
        '[Set β to 0](vae.beta=0): this is a plain autoencoder, which wants to come back as exactly as it can and nothing else. The codes have run apart, and three in five lie off the sheet. Each ellipse is a dot. Between the codes the carpet is torn: there the decoder was never asked for anything, and it answers with nonsense.',
        'Such a network can store, but it can’t draw. To draw you need to know where to put the ring. [Take points from a bell curve](vae.beta=0&vae.seed=3), the simplest choice, and hardly any of them hits an ellipse.',
      ],
    },
    {
      heading: 'An ellipse instead of a point',
      text: [
        'The *variational* autoencoder, [[VAE]], mends this by two changes. First, the encoder answers with an ellipse: a middle, and how far it may be off. The code is drawn at random inside it, so neighbouring places must decode to similar pictures. The holes close.',
        'Second, an ellipse has a price. The closer it is to the bell curve itself, at the middle and one unit wide, the cheaper. The price is the number of *bits* that the code tells about its picture. β says how much a bit costs. [At β = 1](vae.beta=1) a code holds about seven bits, and nearly all codes lie on the sheet. Now a point from the bell curve lands among them.',
      ],
      equations: [
        {
          tex: String.raw`L = \mathbb E_{z\sim q(z\mid x)}\,\frac{\|x - \hat x(z)\|^2}{2 s^2} \;+\; \beta\,\mathrm{KL}\bigl(q(z\mid x)\,\|\,\mathcal N(0, I)\bigr)`,
          says: 'The error of the round trip, and β times the bits of the code (in nats). With β = 1 it is a bound on −log p(x).',
        },
        {
          tex: String.raw`z = \mu(x) + \sigma(x)\,\varepsilon, \qquad \varepsilon \sim \mathcal N(0, I)`,
          says: 'How a code is drawn: the dice stand outside of the network, so that the gradient passes through.',
        },
      ],
      code: 'vae_train.py',
    },
    {
      heading: 'When a bit costs too much',
      text: [
        '[Raise β](vae.beta=4), and the ellipses grow into one another. Digits that look alike share a place, and the carpet shows their average. [At 30](vae.beta=30) a bit costs more than it saves. All ellipses are the bell curve, all codes say nothing, and every place decodes to the same blur: the average of all digits. This is called *posterior collapse*.',
        'So β pulls between two wishes: to come back exactly, and to have codes that one can draw. The table measures both, on digits that were never trained on.',
      ],
    },
    {
      heading: 'Why the pictures are soft',
      text: [
        'Even at its best the carpet is soft. Many slightly different digits share each place, and the squared error is smallest for their average. It is the blur that you know from a denoiser which has to guess too much at once.',
        'Yet VAEs are everywhere. Stable Diffusion walks in the codes of an autoencoder with a very small β: its codes are whole maps of numbers, so little is lost. The softness is left to the diffusion model, which takes many steps to make up its mind.',
      ],
      code: 'vae_draw.py',
    },
  ],
}
