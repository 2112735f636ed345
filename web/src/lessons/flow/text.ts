import type { ChapterText } from '../../chapters/text'
import type { Round } from './flow'

const two = (value: number) => value.toFixed(2)
const rounds: Record<Round, string> = { pairs: 'Straight pairs', flow: 'Learned flow', reflow: 'Reflow', again: 'Reflow twice' }

export const labels = {
  scene: 'Points on a line, on their way from noise to data',
  way: 'On the way',
  noise: 'noise',
  data: 'data',
  round: 'Ways',
  rounds,
  steps: 'Steps of the walk',
  again: 'Other dice',
  percent: (share: number) => `${Math.round(100 * share)}%`,
  two,
  rows: { error: 'One step ends so far from forty', away: 'One step ends so far from a cluster' },
  training: (round: Round, share: number) => `Training in your browser: ${rounds[round].toLowerCase()}, ${share}%`,
  key: 'Across: the way from noise, at the left, to data, at the right. Up and down: where a point is on its line. Grey: the bell curve. Orange: the data. Blue: points, their ways, and where they end.',
  described: (round: Round, steps: number, error?: number) =>
    round === 'pairs'
      ? 'Straight lines from points of a bell curve, at the left, to points of three clusters, at the right; the lines cross one another.'
      : `${rounds[round]}: the ways of points from a bell curve, at the left, to three clusters, at the right, in ${steps === 1 ? '1 step' : `${steps} steps`}. ${error === undefined ? 'The network is being trained.' : `One step ends ${two(error)} from where forty steps end.`}`,
}

export const text: ChapterText = {
  id: 'flow',
  title: 'Flow matching',
  lead: 'Draw straight lines from noise to data and learn to follow them. The ways bend where the lines cross. Then make them straight, and one step is enough.',
  minutes: 12,
  sections: [
    {
      heading: 'Straight lines from noise to data',
      text: [
        'Here a picture is a single number, so that all of its way fits on the screen: time goes across, from [[noise]] to data, and the number goes up and down. The data are three clusters. Take a number from the noise and one from the data, and join them by a straight line. [Here are 48 such pairs](flow.round=pairs&flow.way=1). They were drawn at random, and the lines cross.',
        'On a straight line a point moves at an even pace: the *velocity* is the noise minus the data. This is the whole exercise of [[flow matching]]. Take a point of a line, at any time, and ask the network for the velocity. It is the [[training]] of diffusion again, with the mixing rule of Stable Diffusion 3 and Flux.',
      ],
      equations: [
        { tex: String.raw`x_t = (1-t)\,x_0 + t\,\varepsilon, \qquad \frac{dx_t}{dt} = \varepsilon - x_0`, says: 'A point of the line at time t, from the data (t = 0) to the noise (t = 1), and its velocity.' },
        { tex: String.raw`L = \mathbb E_{x_0,\,\varepsilon,\,t}\,\bigl\|\,v(x_t, t) - (\varepsilon - x_0)\,\bigr\|^2`, says: 'The loss of flow matching: the squared error of the velocity.' },
      ],
    },
    {
      heading: 'Where lines cross, the flow bends',
      text: [
        'At a crossing one line goes up and the other goes down. The network sees where a point is and what time it is, and nothing else. It can give one answer only, and the best one is the average. So nobody follows the lines. [Train the network](flow.round=flow&flow.steps=40), which takes some seconds, and look at the ways: they begin nearly side by side, then they bend to the clusters, and no two of them cross.',
        'Nothing is lost by this. At every moment the points are spread as those on the lines are, so the right clusters get their right shares. Only who goes where has changed.',
      ],
      equations: [
        { tex: String.raw`v^{*}(x, t) = \mathbb E\,[\,\varepsilon - x_0 \mid x_t = x\,]`, says: 'The best answer: the average of all velocities that pass here now.' },
      ],
    },
    {
      heading: 'A bend costs steps',
      text: [
        'A walk goes straight on between two [[call]]s. Along a bend it leaves the way, and only small steps stay near it. [With four steps](flow.round=flow&flow.steps=4) you see the corners. [With a single one](flow.round=flow&flow.steps=1) every point goes by the velocity at the start. At pure noise nothing is known of the data but their average, and that is where all of them go.',
      ],
      code: 'flow_steps.py',
    },
    {
      heading: 'Reflow: learn from your own ways',
      text: [
        'The learned flow has joined each noise to one end. Take these as new pairs, and draw straight lines between them. They hardly cross, since the ways they come from never did. Train again on the new pairs: this is [[reflow]]. [The ways are straight now](flow.round=reflow&flow.steps=40), and where a way is straight [a single step](flow.round=reflow&flow.steps=1) ends where forty do. The table says how near: its error falls to less than a tenth.',
        'On a line one reflow is nearly all there is to gain, because ways that cannot cross keep their order. For pictures there is more room to pass one another, and it is done [twice or more](flow.round=again&flow.steps=1). The error that the first flow made stays in its pairs: a reflow copies the ends, it does not make them better.',
      ],
      code: 'flow_reflow.py',
    },
    {
      heading: 'What it is good for',
      text: [
        'In 2023 a reflow brought Stable Diffusion down to one call (*InstaFlow*). It is one of several roads to few steps: consistency models learn to jump to the end of a way, and a critic can sharpen what a jump has left soft. All of them begin with a flow that was learned first. There is also a shortcut before any training: pair each noise with data that lie near it, and fewer lines cross from the start.',
      ],
    },
  ],
}
