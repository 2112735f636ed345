import type { ChapterText } from '../../chapters/text'
import type { Damage, Point, Scores } from './damage'

const percent = (share: number) => `${Math.round(100 * share)}%`
const fixed = (value: number, digits: number) => value.toFixed(digits).replace('-', '−')
const value = (name: keyof Scores, found: number) => (name === 'frechet' ? fixed(found, 2) : name === 'kernel' ? fixed(found, 3) : percent(found))

export const labels = {
  scene: 'Judged pictures among real ones',
  blur: 'Blur',
  pixels: (std: number) => (std ? `${std} pixels` : 'none'),
  without: 'Digits left out',
  left: (count: number) => (count === 0 ? 'none' : count === 1 ? '0' : `0 to ${count - 1}`),
  copies: 'Copies of training pictures',
  count: 'How many pictures',
  percent,
  again: 'Other pictures',
  undo: 'Undo all damage',
  score: 'Score',
  unharmed: 'Undamaged',
  now: 'Now',
  rows: {
    frechet: { name: 'Fréchet distance', best: 'low is good' },
    kernel: { name: 'Kernel distance', best: 'low is good' },
    precision: { name: 'Precision', best: 'high is good' },
    recall: { name: 'Recall', best: 'high is good' },
    copies: { name: 'Found to be copies', best: 'about 1% by chance' },
  },
  value,
  counted: 'judged pictures, on a scale where the bias is a straight line',
  curve: (points: Point[], end: number | undefined) =>
    `The Fréchet distance by the number of pictures: ${points.map(({ count, frechet }) => `${fixed(frechet, 2)} of ${count}`).join(', ')}; on a line it would be ${end === undefined ? '…' : fixed(end, 2)} of endlessly many.`,
  key: 'Orange points: 700 training pictures. Blue points: the judged ones, sixty of them as pictures; a green frame marks a copy. Places are the first three of twenty features. The open circle on the curve is for endlessly many pictures, the ring for what you see.',
  described: ({ blur, without, copies, count }: Damage, scores: Scores) =>
    `A cloud of ${count} judged pictures among 700 real ones. Blurred by ${blur} pixels, ${without} digits left out, ${percent(copies)} copies. Fréchet distance ${value('frechet', scores.frechet)}, kernel distance ${value('kernel', scores.kernel)}, precision ${percent(scores.precision)}, recall ${percent(scores.recall)}, ${percent(scores.copies)} found to be copies.`,
}

export const text: ChapterText = {
  id: 'evaluation',
  title: 'Evaluation',
  lead: 'How good is a model that draws? Take pictures that are as good as can be, damage them yourself, and see which score notices what. One fault pleases them all.',
  minutes: 12,
  sections: [
    {
      heading: 'A perfect model to begin with',
      text: [
        'To test a scale you put a known weight on it. Here the known weight is a perfect model: its “samples” are scanned digits that nobody trained on. [They lie among the training pictures](evaluation.blur=0&evaluation.without=0&evaluation.copies=0&evaluation.count=350), blue among orange, and no score should find a fault. Each picture is described by twenty *features*, numbers that say roughly how it looks. In the scene it is a point, placed by the first three of them.',
        'Four scores compare the two clouds. The [[Fréchet distance]] and the *kernel distance* ask how far the clouds are from being the same. [[precision|Precision]] is the share of judged pictures that lie where real ones are. [[recall|Recall]] is the share of real pictures that lie where judged ones are.',
      ],
      equations: [
        {
          tex: String.raw`d^2 = \|\mu_a - \mu_b\|^2 + \operatorname{tr}\bigl(C_a + C_b - 2\,(C_a C_b)^{1/2}\bigr)`,
          says: 'The Fréchet distance: of both clouds only the means μ and the covariances C count, as if they were bell curves.',
        },
      ],
      code: 'evaluation_scores.py',
    },
    {
      heading: 'Damage it',
      text: [
        '[Blur them a little](evaluation.blur=0.5&evaluation.without=0&evaluation.copies=0&evaluation.count=350), by half a pixel. You hardly see it, but the Fréchet distance rises to more than five times what it was, and recall falls to about half. Precision *rises*: a blurred picture is nearer to the average, and there real ones lie thickest. [Blur more](evaluation.blur=0.8&evaluation.without=0&evaluation.copies=0&evaluation.count=350), and precision falls too.',
        '[Now leave three digits out](evaluation.blur=0&evaluation.without=3&evaluation.copies=0&evaluation.count=350). Every picture is flawless, and precision is as it was. Recall tells: about a quarter of the real pictures have lost their neighbours. This is the *mode collapse* of the lesson on GANs. So one number is never enough: precision and recall say *what* is wrong.',
      ],
    },
    {
      heading: 'Fewer pictures, worse score',
      text: [
        'Undo all damage, and [judge fifty pictures instead of 350](evaluation.blur=0&evaluation.without=0&evaluation.copies=0&evaluation.count=50). They come from the same perfect model, yet the Fréchet distance is about five times as large. The reason: a covariance of few pictures is a poor estimate, and every error makes the clouds look further apart. This is the *bias* of the score. A model that is judged by fewer pictures seems worse, so compare scores of equal counts only.',
        'The curve shows the bias. Across goes one divided by the number of pictures, and the points lie nearly on a line. Follow it to the left, to endlessly many pictures, and most of the distance is gone. `sfumato eval` does this with both sets. The kernel distance has no such bias: it stays near zero and only becomes less sure.',
      ],
      equations: [
        { tex: String.raw`\mathbb E\,d^2_n \;\approx\; d^2_\infty + \frac{c}{n}`, says: 'The expected distance of n pictures: what endlessly many would have, and a bias that falls as 1/n.' },
      ],
      code: 'evaluation_bias.py',
    },
    {
      heading: 'The fault that all of them like',
      text: [
        'Now the worst model of all: [it only hands out training pictures](evaluation.blur=0&evaluation.without=0&evaluation.copies=1&evaluation.count=350). The Fréchet distance falls to a third, below that of the perfect model. Precision is 100%. Nothing is wrong with any score, and the model has learnt nothing.',
        'So look for copies by themselves. For each judged picture take the distance to the nearest training picture, and divide it by the usual distance of the next fifty. For a copy this ratio is close to zero. The last row of the table counts ratios that are smaller than nearly all of those of pictures that were held out.',
      ],
    },
    {
      heading: 'What else can go wrong',
      text: [
        'Scores are only as good as their features. These twenty come from pixels, and a digit that is shifted by one pixel counts as far away. For photographs the features are taken from a trained network, and each network sees something else, so scores by different features can’t be compared. None of these scores knows what you asked for either. Whether a prompt was followed is another question with another score.',
      ],
    },
  ],
}
