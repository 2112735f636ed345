import type { ChapterText } from '../chapters/text'
import type { RivalKind, Rivals } from '../compute/computed'
import { written } from '../written'

const number = (value: number) => written(value, 0, 3)
const percent = (share: number) => `${(100 * share).toFixed(1)}%`
const three = (value: number) => value.toFixed(3)
const sets = { seen: 'pictures it trains on', held_out: 'pictures never seen' }

export const labels = {
  scene: 'The error at every noise level, moment by moment',
  view: 'Look at',
  views: { run: 'A whole run', step: 'One step by hand', plane: 'Train one yourself', beside: 'A GAN and a VAE beside it' },
  moment: 'Training',
  at: (images: number, seconds: number) => (images ? `${number(images)} pictures, ${seconds.toFixed(0)} s` : 'not begun'),
  before: 'before',
  after: 'the end',
  show: 'Show',
  shows: { samples: 'What it draws', error: 'Its error, level by level' },
  set: 'Error on',
  sets,
  axis: { t: 'time t of the noise level', error: 'error of the predicted noise' },
  sofar: (images: number) => (images ? `after ${labels.thousands(images)} pictures` : 'before training'),
  ofSet: (set: 'seen' | 'held_out') => sets[set],
  thousands: (images: number) => (images < 1000 ? String(Math.round(images)) : `${number(Math.round(images / 1000))}k`),
  samples: (count: number) => `The same ${count} seeds, asked for 0 to 9 in turn, at this moment`,
  framed: 'Below each is the digit asked for. A frame marks a picture that cannot be read as it.',
  samplesDescribed: (count: number, images: number, read: number) => `${count} pictures drawn after ${number(images)} pictures of training; ${read} of them can be read as the digit asked for.`,
  rows: {
    loss: 'Training loss since the moment before',
    seen: 'Mean error, pictures it trains on',
    held_out: 'Mean error, pictures never seen',
    read: 'Samples read as the digit asked for',
    near: 'From a sample to the training picture most like it',
  },
  three,
  percent,
  none: 'none yet',
  read: (read: number, count: number) => `${read} of ${count}`,
  how: (real: number, classifier: number) =>
    `Read by a classifier that is right on ${percent(classifier)} of real digits. Distances are a share of the way from black to white; a real digit that was never seen is ${percent(real)} from the training picture most like it.`,
  curve: 'The same run on an even axis: mean error against pictures seen',
  curveDescribed: (moments: { images: number; seen: number; held_out: number }[]) =>
    `Mean error of the predicted noise, ${moments.map(({ images, seen, held_out }) => `after ${number(images)} pictures ${three(seen)} on those it trains on and ${three(held_out)} on those never seen`).join('; ')}.`,
  level: 'Noise level, time t',
  little: 'little noise',
  much: 'much noise',
  clean: 'a digit',
  thrown: 'noise added',
  goesIn: 'goes in',
  guess: 'noise guessed',
  difference: 'difference',
  error: (error: number) => `error ${three(error)}`,
  compared: (mean: number, batch: number, expected: number) =>
    `${batch === 1 ? 'The squared error, averaged over the 64 pixels' : `The mean squared error of ${batch} digits, each with noise of its own`}: ${three(mean)}. In the recorded run, the mean at this level was ${three(expected)} at the end, on pictures it had trained on.`,
  another: 'One more exercise',
  fresh: 'New noise',
  digit: 'Digit',
  batch: 'Digits in the batch',
  batches: { '1': '1', '10': '10, one of each', '80': '80' },
  described: (images: number, set: 'seen' | 'held_out', low: number, middle: number, high: number) =>
    `Eleven ribbons, one for each recorded moment, show the error of the predicted noise against the noise level on ${sets[set]}. After ${number(images)} pictures it is ${three(low)} at little noise, ${three(middle)} at t = 0.5 and ${three(high)} at much noise.`,
}

/** Three models of one size, trained by one clock. */
export const beside = {
  names: { diffusion: 'Diffusion', vae: 'VAE', gan: 'GAN' },
  digit: 'Digit',
  all: 'all ten',
  calls: (kind: RivalKind, calls: number) => (kind === 'diffusion' ? `${calls} calls` : 'one call'),
  took: (milliseconds: number) => `${milliseconds.toFixed(0)} ms here`,
  described: (kind: RivalKind, count: number, seed: number) => `${count} digits of seeds ${seed} to ${seed + count - 1}, drawn by the ${beside.names[kind]} model.`,
  trained: ({ seconds, threads, parameters, images }: Rivals) =>
    `Each was trained for ${seconds} s on ${threads === 1 ? 'one processor core' : `${threads} processor cores`}, on the same digits. Parameters and pictures seen: ${(['diffusion', 'vae', 'gan'] as const)
      .map((kind) => `${beside.names[kind]} ${number(parameters[kind])} and ${number(images[kind])}`)
      .join('; ')}. Both networks of the GAN and of the VAE count.`,
}

/** A model of points in the plane, trained in the reader's own browser. */
export const plane = {
  set: 'Data',
  sets: { moons: 'Moons', spirals: 'Spirals', rings: 'Rings', pinwheel: 'Pinwheel', own: 'Your own' },
  type: 'Type a letter or two',
  draw: 'or draw here',
  clear: 'Clear',
  pad: 'A place to draw a shape with a finger or the mouse',
  start: (seconds: number) => `Train for ${seconds} seconds`,
  again: 'Train again',
  stop: 'Stop',
  time: 'Time spent of the training',
  key: 'Grey: the data. Blue: points that the network generates from noise, always from the same. Orange: which way it moves a point.',
  rows: { steps: 'Steps', loss: 'Loss', away: 'From the data' },
  arrows: 'Arrows at time t',
  loss: 'The curve is the loss, step by step. It never ends at nothing: the noise can’t be known exactly.',
  how: (weights: number) =>
    `A network of ${number(weights)} weights learns in your browser, from nothing, with 128 points in each step. “From the data” is how far a generated point lies from the nearest data point, on average; the data spreads by 1.`,
  failed: 'the training stopped',
  described: (steps: number, away?: number) =>
    away === undefined
      ? 'Points in the plane, the data; no network has been trained yet.'
      : `After ${number(steps)} steps the generated points lie ${away.toFixed(2)} from the data on average.`,
  curve: (losses: number[]) => (losses.length ? `The loss, from ${losses[0]!.toFixed(2)} to ${losses.at(-1)!.toFixed(2)}.` : 'No loss yet.'),
}

export const text: ChapterText = {
  id: 'training',
  title: 'Training',
  lead: 'How the network learns to guess: by doing the same small exercise a quarter of a million times.',
  minutes: 15,
  sections: [
    {
      heading: 'One step',
      text: [
        'Take a picture. Take any noise level. Draw [[noise]], mix it in, and ask: *which noise was it?* We drew the noise ourselves, so we know the truth, and the exercise needs no teacher. The [[loss]] is the squared difference between guess and truth. The [[gradient]] says how each of the 1,785,345 weights must move to make the loss smaller, and all of them move a little that way. That is one step of [[training]].',
        '[Choose “One step by hand”](training.view=step) and do it yourself. Every exercise leaves a dot, and the dots scatter widely: one error says little about the network. So a step takes the mean over a [[batch]]. [With 80 digits](training.view=step&training.batch=80) you land near the recorded curve each time.',
        'Many such steps are a training. [Train one yourself](training.view=plane), here in your browser: points in the plane in place of pictures, so that ten seconds are enough. Watch the [[loss]] come down, and the points that the network generates find their places.',
        'Each exercise goes the whole way at once. The network never sees a walk in training. It only learns to guess well at every level. (This package writes the loss as the error of the *picture*, with a weight for each level so that all levels count about equally. It is the same exercise, as you saw in the last chapter.)',
      ],
      equations: [
        {
          tex: String.raw`L = \mathbb E_{x_0,\,t,\,\varepsilon}\,\bigl\|\,\hat\varepsilon(\alpha_t x_0 + \sigma_t\varepsilon,\; t) - \varepsilon\,\bigr\|^2`,
          says: 'The loss: the squared error of the guessed noise, on average over pictures, levels and noise.',
        },
      ],
      code: 'training_step.py',
    },
    {
      heading: 'Calm, because nobody plays against it',
      text: [
        'This is plain regression: fixed questions with fixed answers. The target does not move while you aim at it. In a [[GAN]] it moves. Two networks play against each other, and what is a good move for one depends on the other. If one of them wins clearly, the other has nothing left to learn from. Diffusion has no opponent, so it needs no balance between two networks.',
        'The panel shows a real run of this lesson’s model: 14 minutes on a processor core that other programs shared. [Begin before the training](training.view=run&training.show=samples&training.moment=0) and go through it. Then look at [its error](training.view=run&training.show=error&training.moment=2): each ribbon is a moment of the run. The error falls first at much noise, where the noise is plain to see. At little noise it falls later.',
      ],
    },
    {
      heading: 'A GAN and a VAE, on the same clock',
      text: [
        'Two other models make a picture from noise in one [[call]], without a walk. A [[VAE]] learns to squeeze each picture into a few numbers and to unfold it again. To draw, it unfolds random numbers. Where it is not sure it draws an average, and averages are soft. A [[GAN]] has a forger and a critic. The forger turns noise into pictures, the critic learns to tell them from real ones, and each improves on the mistakes of the other. Nothing in this game asks the forger for *all* kinds of pictures.',
        '[Choose “A GAN and a VAE beside it”](training.view=beside). One [[seed]] starts all three, so you can compare their pictures. The tables below say what was measured, and with which figures: the [[Fréchet distance]] for how near the pictures are to real ones as a whole, [[precision]] for how many of them look real, and [[recall]] and [[coverage]] for how much of the real ones they reach. A claim that the figures do not confirm stays in the table as *not confirmed*.',
      ],
    },
    {
      heading: 'The loss has a floor, and flat is not finished',
      text: [
        '[The ribbons](training.view=run&training.show=error&training.moment=10) never reach zero, however long you train. A noisy picture could have come from many clean ones. The best guess is their average, and it is a little wrong for each of them. This floor belongs to the data: even the perfect denoiser has it. For the noise it is highest at little noise. To read faint noise off a picture, you would have to know the picture exactly.',
        'So the curve under the samples is hard to read. Most of its height at the end is what nobody can predict. [After 8,000 pictures](training.view=run&training.show=samples&training.moment=5), 3% of the run, the mean error has fallen by nine tenths of all it will fall, and the rest looks flat. Now look at the samples. At that moment, 6 of the 40 cannot be read as the digit asked for. [From 16,000 pictures on](training.view=run&training.show=samples&training.moment=6) it is one at most. On the curve, for pictures never seen, this was a step from 0.153 to 0.137. **A flat loss does not mean that nothing is learnt.** Look at samples, and at the loss level by level.',
      ],
      equations: [
        {
          tex: String.raw`\min_f\; \mathbb E\,\|f(x) - \varepsilon\|^2 \;=\; \mathbb E\;\mathrm{Var}[\,\varepsilon \mid x\,] \;>\; 0`,
          says: 'No answer can be better than the average of all noises that fit what is seen; how widely these scatter is the floor.',
        },
      ],
      code: 'training_floor.py',
    },
    {
      heading: 'An average, and when to stop',
      text: [
        'Every batch pulls the weights its own way, so the latest weights jitter. Samples are drawn with the [[EMA]], the average of the weights over recent training. What was learnt stays, and the jitter cancels out. This costs a second copy of the weights. All forty samples at each moment are drawn with it.',
        'When should you stop? A tenth of the digits were [[held-out]] from this run. On these the mean error is lowest [after 64,000 to 128,000 pictures](training.view=run&training.show=error&training.set=held_out&training.moment=8), 0.126. [By the end](training.view=run&training.show=error&training.set=held_out&training.moment=10) it has *risen* to 0.137. On the training pictures it fell all the time, to 0.094. From some moment on, the network learns its 1,617 examples by heart. The samples show this too: they come nearer to the training pictures, but hardly nearer to held-out ones. This is [[memorisation]]. The training loss never tells you, because it only falls. The cure is more data, or an earlier stop.',
      ],
      code: 'training_average.py',
    },
  ],
}
