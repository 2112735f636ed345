import type { ChapterText } from '../../chapters/text'
import { written } from '../../written'

const percent = (share: number) => `${Math.round(100 * share)}%`

export const labels = {
  scene: 'A forger’s points over its critic’s surface',
  play: 'Train',
  step: 'Training',
  steps: (step: number) => (step ? `${written(step, 0, 0)} steps` : 'not begun'),
  strip: 'Which of the eight clusters the forged points lie on, step by step: a row for each cluster',
  rates: 'Who learns faster',
  ratios: { forger: 'the forger, 8 times', even: 'both alike', critic: 'the critic, 4 times' },
  blur: 'Blur what the critic sees',
  again: 'Other dice',
  rows: { reached: 'Clusters that the forger imitates', near: 'Forged points that lie on a cluster' },
  of: (count: number, all: number) => `${count} of ${all}`,
  percent,
  key: 'Orange: real points. Blue: forged ones, always from the same random numbers. The surface is high where the critic says “real”; its slopes are drawn eight times as steep.',
  described: (step: number, reached: number, near: number) =>
    `The critic’s verdict as a surface over the plane, with eight clusters of real points and 320 forged points on it. After ${step} steps the forged points imitate ${reached} of the eight clusters, and ${percent(near)} of them lie on a cluster.`,
}

export const text: ChapterText = {
  id: 'gan',
  title: 'GANs',
  lead: 'A forger learns to draw by deceiving a critic, and the critic learns from every forgery. When it works, one call makes a picture. It often does not work, and here you see why.',
  minutes: 12,
  sections: [
    {
      heading: 'Two networks, one game',
      text: [
        'A *forger* takes two random numbers and answers with a point in the plane. A *critic* takes a point and says how real it looks, from 0 to 1. The real points, in orange, lie in eight clusters. The forger never sees them. All that it learns, it learns from the critic.',
        'The surface is the critic’s verdict: high where it says *real*. [Begin at step 0](gan.step=0) and press “Train”. At each step both networks move a little. The critic pushes its surface up under the real points and down under the forged ones. Then the forged points, in blue, climb uphill. This is a [[GAN]], a *generative adversarial network*.',
      ],
      equations: [
        {
          tex: String.raw`\min_G\,\max_D\;\; \mathbb E_{x}\,\log D(x) \;+\; \mathbb E_{z}\,\log\bigl(1 - D(G(z))\bigr)`,
          says: 'The critic D makes this large, the forger G makes it small. Here, as usual, the forger makes log D(G(z)) large instead: its slope does not vanish when the critic is sure.',
        },
      ],
      code: 'gan_game.py',
    },
    {
      heading: 'A target that moves',
      text: [
        'In diffusion the exercise stays the same from the first step to the last. Here each network is the other’s exercise. A good answer now may be a bad one a hundred steps later, so no [[loss]] tells you how far you are.',
        'So look at the strip below the scene instead. It has a row for each cluster and a column for each moment. A cell is blue where forged points lie on that cluster.',
      ],
    },
    {
      heading: 'It hops from mode to mode',
      text: [
        'Nothing in this game asks the forger for *all* eight clusters. It is enough to make what the critic believes now. [Let the forger learn eight times as fast](gan.rates=forger&gan.step=1400). More than half of its cloud sits on two clusters. The critic sees this and lowers its surface there. The surface now stands high where the critic has not looked for a while, and [a little later the cloud sits on two others](gan.rates=forger&gan.step=1700). The strip shows it: blue comes and goes.',
        'The clusters of the data are its *modes*, and leaving some of them out is called [[mode collapse]]. For pictures it means: every face looks the same way, or a digit never comes. A look at single pictures does not show it, since each of them is good. You have to count, and [[recall]] does.',
      ],
    },
    {
      heading: 'Who learns faster',
      text: [
        'Now turn the ratio round. [With both alike](gan.rates=even&gan.step=1800) the cloud covers more clusters at a time, but it goes on swapping them. [With a critic that learns four times as fast](gan.rates=critic&gan.step=1800) it comes to rest: the critic answers each move before the forger has run away with it, and all eight clusters are found. The networks, the data and the dice were the same. Only two numbers changed.',
        'GANs were known for being hard to train. This is why.',
      ],
    },
    {
      heading: 'Noise lends a hand',
      text: [
        'Real and forged points hardly overlap. Where they don’t, a good critic is sure, and a surface that is flat shows no way up. [Blur what the critic sees](gan.rates=even&gan.blur=1&gan.step=1800): both real and forged points get the same noise before it looks. The two clouds overlap, and the slopes reach further.',
        'Take this thought to its end, with noise of every strength, and no forger is needed any more: what is left to learn is to take the noise away. That is diffusion. The critic has come back all the same. Models that draw in one to four calls are often trained with one.',
      ],
      equations: [
        {
          tex: String.raw`D^{*}(x) \;=\; \frac{p_\text{real}(x)}{p_\text{real}(x) + p_\text{forged}(x)}`,
          says: 'The best critic for a forger that stands still. Where one density is zero it is 0 or 1, and flat.',
        },
      ],
      code: 'gan_blur.py',
    },
  ],
}
