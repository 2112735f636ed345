import type { ChapterText } from '../../chapters/text'

const two = (value: number) => value.toFixed(2)
const whos: Record<string, string> = { teacher: 'Teacher', student: 'Student', drift: 'Drifting points' }

export const labels = {
  scene: 'Points in the plane, from noise to a spiral',
  way: 'On the way',
  drifting: 'Drifting',
  drift: (steps: number) => `${steps} steps`,
  noise: 'noise',
  data: 'data',
  who: 'Who goes',
  whos,
  steps: 'Steps of the walk',
  jumps: 'Jumps',
  again: 'Other dice',
  repel: 'Points push one another away',
  percent: (share: number) => `${Math.round(100 * share)}%`,
  two,
  walked: (steps: number) => `Teacher, ${steps} ${steps === 1 ? 'step' : 'steps'}`,
  jumped: (jumps: number) => `Student, ${jumps} ${jumps === 1 ? 'jump' : 'jumps'}`,
  rows: { calls: 'Calls', away: 'So far from the data', far: 'From the end of 64 steps', covered: 'Part of the spiral that is reached' },
  training: (share: number) => `The student is being trained in your browser: ${share}%`,
  key: 'Orange: the data, 64 small clouds along a spiral. Grey: noise. Blue: the teacher. Green: the student; dashed where noise is put back between two jumps.',
  described: (who: string, steps: number, repel: boolean, away?: number, covered?: number) =>
    `${whos[who]}: points on their way from a round cloud of noise to a spiral, ${who === 'drift' ? (repel ? 'drawn to the data and pushed away from one another' : 'drawn to the data alone') : `in ${steps} ${steps === 1 ? 'step' : 'steps'}`}. ${away === undefined ? 'The student is being trained.' : `They end ${two(away)} from the data, and ${Math.round(100 * covered!)}% of the spiral is reached.`}`,
}

export const text: ChapterText = {
  id: 'few',
  title: 'Few steps',
  lead: 'A walk of 64 calls can be taught to a second network that jumps. You train it here, and see what one jump, two and four are worth.',
  minutes: 12,
  sections: [
    {
      heading: 'What a step misses',
      text: [
        'The data are a spiral in the plane. The exact [[guess]] is known here, so the *teacher* makes no error of its own. [In 64 steps](few.who=teacher&few.steps=64) its points follow curves and end on the spiral. Each step asks for the average of all ends that are still possible, and goes a little way towards it.',
        '[In a single step](few.who=teacher&few.steps=1) all points go all the way to the first average. From noise every end is still possible, so that is the middle of the spiral, where no data are. [Two steps](few.who=teacher&few.steps=2) and [four](few.who=teacher&few.steps=4) cut the corners of the curve. A better [[sampler]] bends its steps. But no sampler can know at the start where a curve will lead.',
      ],
      equations: [
        { tex: String.raw`\hat x_0(x_t, t) = \mathbb E\,[\,x_0 \mid x_t\,]`, says: 'What the teacher answers: an average. It is one of the data only near the end.' },
      ],
      code: 'few_walk.py',
    },
    {
      heading: 'Learn the end, not the average',
      text: [
        'The curve from a point is fixed: no dice are thrown on it. So its end is a function of the point where it begins, and a network can learn a function. Take many ways of the teacher. Ask the *student* at any point of a way, and demand the end of that way. This is [[distillation]], and a student of this kind is a *consistency model*: all points of one way have to give one answer.',
        '[Train it](few.who=student&few.steps=1), which takes some seconds. The green lines are its jumps and the blue curves are the teacher’s, from the same noise. The jump is straight because nothing in between is computed. It ends near the end of the curve, in one call instead of 64.',
      ],
      equations: [
        { tex: String.raw`f(x_t, t) = x_t - t\,u(x_t, t), \qquad L = \mathbb E\,\tfrac1t\,\bigl\|\,f(x_t, t) - x_\text{end}\,\bigr\|^2`, says: 'The student answers with the average velocity u to the end. At t = 0 it has to leave the point where it is, and does.' },
      ],
    },
    {
      heading: 'Where one jump goes wrong',
      text: [
        'Look beside the spiral: a few green points lie there. Two neighbouring points of noise can end far apart on it. The true function has a tear between them, and a network draws a smooth bridge over it. What starts on the bridge ends nowhere.',
        '[Four jumps](few.who=student&few.steps=4) mend much of this. After the first, put some noise back, less than at the start, and jump again. A point beside the spiral is then noise like any other, and it is led to the data. The dashed lines show the noise. The ends are no longer those of the teacher: fresh dice have been thrown.',
      ],
    },
    {
      heading: 'Drifting: no levels at all',
      text: [
        'There is another way to a single call. [Let points drift](few.who=drift&few.way=1): each is pulled by the data near it, and pushed away by the other points near it. Where both clouds are equally thick the two forces cancel, and nothing moves any more. *Drifting models* (2026) train a network so: its samples are moved one step, and it learns to hit where they went. No noise level is ever mentioned.',
        '[Take the push away](few.who=drift&few.repel=0&few.way=1). Now each point just climbs to where the data are thickest nearby, and large parts of the spiral stay empty. This is the [[GAN]]’s mode collapse again. The push is what asks for *all* of the data.',
      ],
      equations: [
        { tex: String.raw`V(x) = \frac{\sum_{y \in \text{data}} k(x, y)\,(y - x)}{\sum_{y \in \text{data}} k(x, y)} - \frac{\sum_{y \in \text{samples}} k(x, y)\,(y - x)}{\sum_{y \in \text{samples}} k(x, y)}, \qquad k(x, y) = e^{-\|x - y\| / \tau}`, says: 'The drift of a sample: towards the data, away from the other samples. It is zero where both lie alike.' },
      ],
      code: 'few_drift.py',
    },
    {
      heading: 'What it costs',
      text: [
        'A student needs a finished teacher, and a second training. It gives up the dial: how many steps, which sampler and often how much [[guidance]] is fixed when it is taught. And its errors are its own. So its makers look at two things: how good single pictures are, and whether all kinds of them still come.',
      ],
    },
  ],
}
