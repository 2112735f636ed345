import type { ChapterText } from '../chapters/text'
import { written } from '../written'

const number = (value: number) => written(value, 0, 3)
const size = (channels: number, side: number) => `${channels} × ${side} × ${side}`
const several = (names: string[]) =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
const percent = (share: number) => `${Math.round(100 * share)}%`

/** What each block is called, and what it does. */
const blocks: Record<string, { name: string; says: string }> = {
  x: { name: 'Picture', says: 'The noisy picture, one number a pixel. It is scaled so that its numbers spread equally widely at every noise level.' },
  enter: { name: 'Enter', says: 'A first convolution looks at each pixel and its eight neighbours in 64 ways: strokes, edges, corners. No noise level is known here yet.' },
  'down 0.0': { name: 'Down, fine', says: 'At full size: what is stroke and what is grain? A copy of these maps crosses the upper bridge.' },
  'down 1.0': { name: 'Down, coarse', says: 'The maps were halved: four pixels have become one. A window of 3 × 3 now covers more than half of the digit, and attention covers all of it.' },
  middle: { name: 'Middle', says: 'Where the view is coarsest. Each of the 128 maps has only 16 places left.' },
  'up 1.0': { name: 'Up, coarse', says: 'The middle’s answer and the copy that crossed the lower bridge, weighed against each other: the block with the most weights.' },
  'up 0.0': { name: 'Up, fine', says: 'Doubled again, joined with the fine copy from the upper bridge: the coarse decision is put back onto the exact pixels.' },
  answer: { name: 'Answer', says: 'A last convolution makes one map of the 64. With the right share of the noisy picture added, it is the guess: of the clean digit, or of the noise.' },
}
const parts: Record<string, { name: string; says: string }> = {
  time: { name: 'Noise level', says: 'the noise level' },
  class: { name: 'Class', says: 'the class' },
  middle: { name: 'Middle block', says: 'the middle block' },
  'skip 1.0': { name: 'Coarse skip, 4 × 4', says: 'the coarse skip' },
  'skip 0.0': { name: 'Fine skip, 8 × 8', says: 'the fine skip' },
  'attention down 1.0': { name: 'Attention on the way down', says: 'the attention on the way down' },
  'attention middle': { name: 'Attention in the middle', says: 'the attention in the middle' },
  'attention up 1.0': { name: 'Attention on the way up', says: 'the attention on the way up' },
}
const block = (name: string) => blocks[name]?.name ?? name
const part = (name: string) => parts[name] ?? { name, says: name }

export const labels = {
  scene: 'A UNet as a building',
  block,
  answers: { clean: 'Answer: the picture', noise: 'Answer: the noise' },
  blockSays: (name: string) => blocks[name]?.says ?? '',
  part: (name: string) => part(name).name,
  size,
  bridges: { 'skip 0.0': 'fine skip', 'skip 1.0': 'coarse skip' } as Record<string, string>,
  told: (level: string, label: string) => `t = ${level}, ${label}`,
  toldClass: (digit: string | undefined) => (digit === undefined ? 'no class' : `class ${digit}`),
  legend: { way: 'the picture’s way', skip: 'skips', told: 'noise level and class', attention: 'attention' },
  digit: 'Digit',
  another: 'Another one',
  noise: 'Noise, time t',
  clean: 'nearly clean',
  pure: 'pure noise',
  fresh: 'New noise',
  tell: 'The network is told',
  tells: (digit: string) => [['true', `the truth (${digit})`], ['none', 'no class'], ...Array.from('0123456789', (one) => [one, `it is a ${one}`])] as [string, string][],
  read: 'Read the answer as',
  reads: { clean: 'the clean picture', noise: 'the noise' },
  view: 'Look at',
  views: { parts: 'Parts to take away', block: 'Inside a block', attention: 'Where it looks' },
  goesIn: 'goes in',
  whole: 'answer, all parts on',
  cut: 'answer, your switches',
  difference: 'difference of the two',
  truth: { clean: 'the truth', noise: 'the noise added' },
  error: (error: number) => `error ${error.toFixed(3)}`,
  errorMeans: 'Error: the mean squared difference from the truth, over the 64 pixels.',
  everythingOn: 'Nothing is taken away. Switch something off and look again.',
  without: (names: string[], cut: number, whole: number) => {
    const taken = `Without ${several(names.map((name) => part(name).says))} the error is ${cut.toFixed(3)} instead of ${whole.toFixed(3)}: `
    const times = cut / whole
    return taken + (times > 1.05 ? `${times.toFixed(1)} times as much.` : times < 0.95 ? 'less, this once; try other noise.' : 'next to no change.')
  },
  parts: 'Switched on',
  restore: 'Put everything back',
  play: 'Walk through',
  next: 'Next block',
  chosen: 'Block',
  about: (channels: number, side: number, weights: number | undefined) =>
    `${channels === 1 ? 'One map' : `${channels} maps`} of ${side} × ${side}${weights === undefined ? '' : `, made with ${number(weights)} weights`}.`,
  key: (most: number) => `Blue is below zero, orange above; full colour from ${most < 10 ? most.toFixed(1) : Math.round(most)} on.`,
  maps: (name: string, channels: number) => `${channels} feature maps of the block ${block(name)}`,
  attends: 'Attention',
  attendsIn: { 'down 1.0': 'on the way down', middle: 'in the middle', 'up 1.0': 'on the way up' } as Record<string, string>,
  head: 'Head',
  heads: (count: number) => [...Array.from({ length: count }, (_, i) => [String(i + 1), String(i + 1)] as [string, string]), ['all', 'their mean'] as [string, string]],
  place: (row: number, column: number) => `row ${row}, column ${column}`,
  places: 'Choose one of the 4 × 4 places',
  percent,
  looks: (row: number, column: number, shares: { row: number; column: number; share: number }[]) =>
    `From row ${row}, column ${column} it looks most at ${several(shares.map((one) => `row ${one.row}, column ${one.column} (${percent(one.share)})`))}. Evenly spread, each place would get 6%.`,
  described: (digit: string, t: string, off: string[], chosen: string | undefined) =>
    `Eight stations of a network from left to right: the upper floor with maps of 8 by 8, the lower floor with maps of 4 by 4, two bridges between them. Through it flows a ${digit} at time ${t}. ${off.length ? `Taken away: ${several(off.map((name) => part(name).says))}.` : 'All parts are on.'}${chosen ? ` Chosen: ${block(chosen)}.` : ''}`,
}

export const text: ChapterText = {
  id: 'network',
  title: 'The network',
  short: 'Network',
  lead: 'What was this picture before the noise? One machine answers this question, at every step of every walk. Here you can look inside.',
  minutes: 14,
  sections: [
    {
      heading: 'Down, and up again',
      text: [
        'You see the real [[network]] of this lesson at work, with all its numbers. A noisy digit comes in at the left. Each block turns one stack of [[feature map|feature maps]] into another by [[convolution]]: small windows of 3 × 3, whose weights were learnt. [Choose a block](network.view=block&network.block=down+0.0) and look at its maps, one for each [[channel]]. Some have found strokes, some edges, some the empty background.',
        'A window of 3 × 3 cannot see far. It cannot tell a smudge from a part of a stroke. So the picture is halved on its way down, and the same window covers twice as much of it. On the [lower floor](network.view=block&network.block=middle) the network sees the whole digit and can decide *what it is*. Then the picture is doubled again, to say *where exactly* each stroke lies. The way goes down and up like the letter U, so the plan is called [[UNet]].',
        'But halving forgets which of four pixels was the dark one. The bridges carry this across: a [[skip connection]] takes the fine maps from before the halving and joins them again after the doubling. [Switch the fine skip off at little noise](network.view=parts&network.tell=true&network.off=skip+0.0&network.t=0.2): the digit is still there, but its strokes are no longer exactly where they were. On digits that were never trained on, the error at t = 0.2 becomes five times as large: 0.145 instead of 0.029. [At t = 0.9](network.view=parts&network.off=skip+0.0&network.t=0.9) the skip hardly matters, because there the fine detail *is* noise. (The digits that you can choose here were among its examples, so its errors on them are a little smaller.)',
      ],
      code: 'network_blocks.py',
    },
    {
      heading: 'Told how noisy it is',
      text: [
        'One network serves all noise levels, and it is told which one it faces. The level is written as a row of waves of different lengths, the [[time embedding]]. A small network turns this into 256 numbers, the [[class]] of the digit is added, and the green line takes them to every block. There each channel is multiplied by one number and shifted by another.',
        '[Take the noise level away](network.view=parts&network.tell=true&network.off=time&network.t=0.8), and the network trusts a noisy picture far too much: at t = 0.8 the error more than doubles, from 0.16 to 0.37. Then [tell it a wrong class](network.view=parts&network.off=&network.tell=5&network.t=0.1). At little noise it believes the picture: at t = 0.1 the answer still reads as the true digit, 99 times in 100. [At t = 0.8](network.view=parts&network.off=&network.tell=5&network.t=0.8) it draws the class that it was told, every time.',
      ],
      equations: [
        {
          tex: String.raw`h \leftarrow h \cdot \bigl(1 + s(t, c)\bigr) + b(t, c)`,
          says: 'In every block, each map h is scaled and shifted by numbers that depend on the time t and the class c alone.',
        },
      ],
      code: 'network_level.py',
    },
    {
      heading: 'Looking across',
      text: [
        'On the lower floor there is [[attention]]. Every place asks all sixteen places which of them matter to it, and takes over what they hold. The shares add up to 100%. Two [[head|heads]] do this side by side, each in its own way. [Choose a place](network.view=attention&network.tell=true&network.place=9) and see where it looks. The cost grows with the square of the number of places, so attention is on the coarse floor.',
        'How much does each part matter? Try it, and trust the numbers more than the drawing. In this small network the noise level, the class and the fine skip matter a lot. The middle block, the coarse skip and attention matter little: after one halving, a digit of 8 × 8 is seen whole. In networks for large pictures, far corners are hundreds of pixels apart. There attention is needed.',
      ],
      equations: [
        {
          tex: String.raw`\mathrm{share}_{ij} = \frac{e^{\,q_i \cdot k_j/\sqrt d}}{\sum_{m} e^{\,q_i \cdot k_m/\sqrt d}}`,
          says: 'How much place i takes from place j: the better its query q fits the key k of the other, the more.',
        },
      ],
    },
    {
      heading: 'One question, several wordings',
      text: [
        'Should the network say what the clean picture is, or what the noise is? It is the same question. The noisy picture is known: it is alpha times the one plus sigma times the other. Know one of them, and you can compute the other. [Read the answer as the noise](network.read=noise), and see one answer in both ways.',
        'What differs is which mistakes count. At little noise, a small error in the picture is a large error in the noise. At much noise it is the other way round. So many networks are asked for a mixture that works at both ends: the [[velocity (v)]], or, as here, the picture minus the share that the noisy picture already shows. This choice is called [[parameterization]].',
        'This network has 1,785,345 weights, more than three quarters of them on the lower floor. Well-known models for large pictures have several hundred times as many.',
      ],
      equations: [
        {
          tex: String.raw`x_t = \alpha_t\,x_0 + \sigma_t\,\varepsilon \quad\Longrightarrow\quad \hat\varepsilon = \frac{x_t - \alpha_t\,\hat x_0}{\sigma_t}, \qquad \hat x_0 = \frac{x_t - \sigma_t\,\hat\varepsilon}{\alpha_t}`,
          says: 'The guess of the noise from the guess of the picture, and back again.',
        },
      ],
      code: 'network_target.py',
    },
  ],
}
