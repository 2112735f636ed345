import type { ChapterText } from '../../chapters/text'
import type { How } from './video'

const percent = (share: number) => `${Math.round(100 * share)}%`
const hows: Record<How, string> = { together: 'one for all', first: 'first frame given', stairs: 'a staircase', moves: 'you steer' }

export const labels = {
  scene: 'A clip as a block of space and time',
  way: 'On the way',
  noise: 'noise',
  clip: 'clip',
  percent,
  how: 'Levels of the frames',
  hows,
  linked: 'Frames see one another',
  which: 'Frame',
  frame: (f: number) => `frame ${f}`,
  run: 'Run the clip',
  plane: 'Frames across, the walk downwards: drag through both at once',
  guess: 'Show the best guesses',
  again: 'Other dice',
  draw: 'Draw the first frame',
  drawSays: 'The clip goes on from what you draw. It knows discs and squares, so it takes your drawing for the nearest of them.',
  clear: 'Clear the drawing',
  pad: {
    pad: 'The first frame, to draw on',
    keys: 'Also by keys: arrows move, the space bar draws, Shift with an arrow draws a line.',
    under: (column: number, row: number, painted: boolean) => `Column ${column}, row ${row}, ${painted ? 'drawn' : 'empty'}`,
  },
  steer: 'Your moves',
  arrows: { l: '←', r: '→', u: '↑', d: '↓', s: '•' } as Record<string, string>,
  moves: { l: 'left', r: 'right', u: 'up', d: 'down', s: 'stay' } as Record<string, string>,
  moved: (count: number, all: number) => `${count} of ${all} moves made`,
  afresh: 'Begin again',
  rows: { whole: 'Frames that show one whole thing', together: 'Frames that go on from the one before' },
  of: (count: number, all: number) => `${count} of ${all}`,
  key: 'Orange: numbers above zero. Blue: below. Where nothing is, the number is zero. The framed sheet is the frame that you have chosen.',
  described: (how: How, linked: boolean, way: number, frame: number, whole: number, together: number, frames: number) =>
    `Twelve frames as sheets one behind the other; levels: ${hows[how]}. ${linked ? 'The frames see one another.' : 'Each frame sees itself alone.'} ${percent(way)} of the walk is done, frame ${frame} stands out. ${whole} of ${frames} frames show one whole thing, and ${together} go on from the one before.`,
}

export const text: ChapterText = {
  id: 'video',
  title: 'Video and world models',
  lead: 'A clip is a block of numbers with one axis more than a picture, and the walk out of the noise stays the same. What is new: the frames have to agree.',
  minutes: 12,
  sections: [
    {
      heading: 'One axis more',
      text: [
        'Twelve small pictures stand one behind the other. Each has 14 × 14 pixels, so the whole clip is 2,352 numbers. In the data one thing, a disc or a square, goes a pixel a frame in a straight line and turns round at the edges. All such clips can be counted: there are 2,048 of them. So the best [[guess]] can be computed exactly, here in your browser, and no network is needed.',
        '[Begin with pure noise](video.way=0&video.how=together) and press “Play”. Noise covers the whole block, and all frames are cleaned together. A tube of colour appears: the way of the thing through the block. [Press “Run the clip”](video.way=1) to see it as a film. The plane below the scene has the frames across and the walk downwards. Drag through both at once.',
      ],
      equations: [
        { tex: String.raw`x_t = \alpha_t\,x_0 + \sigma_t\,\varepsilon, \qquad x_0 \in \mathbb R^{\,\text{frames}\,\times\,\text{height}\,\times\,\text{width}}`, says: 'The rule for pictures, for a block: only its shape has changed.' },
      ],
    },
    {
      heading: 'What holds the frames together',
      text: [
        'To clean one frame, it helps to look at the others. A network does this by *temporal attention*: each place looks at the same place in all other frames. Here the exact guess does it: it weighs whole clips against the whole block.',
        '[Switch it off](video.linked=0&video.how=together&video.way=1). Now each frame is cleaned by itself, as a model of pictures would do it. Every frame still shows one whole thing. But a disc becomes a square, orange becomes blue, and nothing is where it was. Of the eleven steps from frame to frame hardly one fits. Each picture is right, and the clip is wrong.',
        'A model of pictures becomes one of video so: keep its layers, and put a temporal layer behind each. Its weights begin at zero, so at first nothing changes. Then it learns motion from clips.',
      ],
      equations: [
        { tex: String.raw`w_c \;\propto\; \prod_{f} \mathcal N\bigl(x_f;\ \alpha_f\,c_f,\ (\alpha_f^2 s^2 + \sigma_f^2)\,I\bigr), \qquad \hat x_0 = \sum_c w_c\,\mathbb E[x_0 \mid x, c]`, says: 'The exact guess: each clip c weighed by how well all of its frames fit. Without links each frame has weights of its own, and the product falls away.' },
      ],
      code: 'video_links.py',
    },
    {
      heading: 'A level for each frame',
      text: [
        'The frames need not be equally noisy. Give each one a noise level of its own, in training and in the walk: this is called *diffusion forcing*.',
        '[A staircase](video.how=stairs&video.way=0.45&video.linked=1): the first frame is cleaned while the last is still pure noise. The frames in front tell those behind them where to go. When the first is done it may leave the window, and fresh noise joins at the end. So a model of twelve frames makes a film of any length.',
        '[The first frame given](video.how=first&video.way=0.3): it has level zero from the start, and nobody touches it. The rest follows from it. This is how a photo is set in motion. Give the last frame as well, and the model fills what lies between.',
      ],
      equations: [
        { tex: String.raw`x^{(f)} = \alpha_{t_f}\,x_0^{(f)} + \sigma_{t_f}\,\varepsilon^{(f)}, \qquad t_f \in [0, 1]`, says: 'A time for each frame f. A frame that is given has t = 0, one that nothing is known of has t = 1.' },
      ],
    },
    {
      heading: 'Go on from your own drawing',
      text: [
        '[Draw a first frame](video.how=first&video.way=1) of your own. The first sheet stays as you drew it, to the last bit. What follows is the nearest thing that the data know. Draw a heart, and the next frame has a disc or a square: the model has seen nothing else.',
        'Where the thing goes is not said by one frame. [Throw the dice](video.how=first&video.seed=1&video.way=1) and it goes another way.',
      ],
      code: 'video_first.py',
    },
    {
      heading: 'World models: you steer',
      text: [
        'Now add a condition for each frame: what you did. [Steer the thing by the arrows](video.how=moves&video.way=1). Each press makes one new frame, from noise, given all frames so far and your move. Nobody wrote a rule that says “stop at the edge”. It is in the clips that the model knows.',
        'A model that says what comes next after an action is a *world model*. A robot can try a move in it first. A game can be played in it with no game behind it. The hard part is time: each frame is built on frames that were generated, and small errors add up. So such models are trained with a little noise on the frames that they are given.',
      ],
    },
    {
      heading: 'In the large',
      text: [
        'Sora, in 2024, walked in the [[latent]]s of whole clips, with a large network in which every place of every frame looks at every other. Twice as many frames then make four times as many pairs to compare, so attention is the price of length.',
      ],
    },
  ],
}
