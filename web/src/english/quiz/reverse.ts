import type { Question } from '../../quiz/question'

export const questions: readonly Question[] = [
  {
    id: 'reverse.one-step',
    kind: 'choice',
    ask: 'At step 600 of 1000 the network is shown a noisy picture. What is its answer?',
    panel: { c: 'reverse', 'reverse.show': 'pictures', 'reverse.t': '0.6' },
    options: [
      {
        text: 'The picture as it was at step 599, with one step’s worth of noise taken off',
        says: 'Many people think so, but the network guesses *all* of the noise at once. The sampler uses this guess for one small step, and then the network guesses again.',
      },
      {
        text: 'A guess at all of the noise in it, or at the clean picture, which comes to the same',
        right: true,
        says: 'If you know the noisy picture, its level and the noise, you can compute the clean picture, and the other way round. The step down to 599 is the sampler’s arithmetic.',
      },
      {
        text: 'The noise that came in between step 599 and step 600',
        says: 'Nobody could tell it from the rest of the noise, and it is not needed. In training there is not even such a step: the picture is noised to level 600 in one go.',
      },
      {
        text: 'The clean picture that this very noise was mixed into, found exactly',
        says: 'Many clean pictures fit one noisy picture. The best anyone can do is the average of them, weighted by how likely each is.',
      },
    ],
  },
  {
    id: 'reverse.blur',
    kind: 'choice',
    ask: 'The denoiser looks at a very noisy picture, and its guess of the clean one is a blur. Why?',
    panel: { c: 'reverse', 'reverse.show': 'pictures', 'reverse.t': '0.8' },
    options: [
      {
        text: 'It is the average of all the clean pictures that could be behind the noise',
        right: true,
        says: 'Averages of sharp pictures are blurred. It is the best answer there is: the one with the smallest squared error. With less noise fewer pictures fit, and the guess sharpens.',
      },
      {
        text: 'The network is too small; a larger one would answer with a sharp picture',
        says: 'The exact average is a blur too, with no network at all. A sharp answer would be a lucky hit, and on average further off.',
      },
      {
        text: 'It has taken off only part of the noise, and the remaining noise looks like a blur',
        says: 'Noise left over would look grainy, not blurred.',
      },
      {
        text: 'Noise destroys sharp edges first, and edges once destroyed can’t be drawn again',
        says: 'Noise does cover fine detail first. But the final pictures are sharp: the edges are drawn anew during the walk.',
      },
    ],
  },
  {
    id: 'reverse.between',
    kind: 'predict',
    ask: 'The data lie on three hills, with empty valleys between. A point is over a valley, and there is much noise. Where is the best guess of its clean place?',
    panel: { c: 'reverse', 'reverse.show': 'guess', 'reverse.t': '0.7', 'reverse.x': '-0.5' },
    look: 'The flag is at the best guess. Move along x, then go to less noise and move again.',
    options: [
      { text: 'On the nearest hill', says: 'With little noise it would be. With much, the point may as well have come from further away, and each possibility counts.' },
      { text: 'On the highest hill, whatever the point', says: 'The highest hill weighs most in the average, but the others pull too.' },
      { text: 'Between the hills, where there may be no data at all', right: true, says: 'The best guess is an average of what could have been, and an average need not be possible itself. Of all answers it has the smallest squared error. Pictures that are averages look blurred.' },
      { text: 'On one of the hills, chosen by chance', says: 'That would be a *sample*, and it takes a whole walk to get one. The denoiser’s answer has no chance in it.' },
    ],
  },
  {
    id: 'reverse.noise-back',
    kind: 'choice',
    ask: 'DDPM’s step back moves towards the guess and then adds a little fresh noise. Why add noise, when the aim is to get rid of it?',
    panel: { c: 'reverse', 'reverse.walk': 'ddpm' },
    options: [
      {
        text: 'To hide the network’s mistakes, which would show as patterns',
        says: 'Fresh noise does wash out some earlier mistakes, a welcome side effect. But the step needs it even with a perfect denoiser.',
      },
      {
        text: 'So that seeds give different pictures; otherwise each walk would be the same',
        says: 'The noise at the very start already does that: DDIM adds none on the way, and its pictures differ from seed to seed.',
      },
      {
        text: 'It is a leftover of training, harmless, and may just as well be left out',
        says: 'Leave it out, change nothing else, and the results are too smooth and too alike. Samplers without noise take *different* steps.',
      },
      {
        text: 'The step goes to an average; noise puts the spread about it back',
        right: true,
        says: 'At the next level pictures have a certain spread. The move ends at the middle of the possible ones, with too little spread. The fresh noise restores it, for small steps nearly all of it.',
      },
    ],
  },
  {
    id: 'reverse.no-noise',
    kind: 'predict',
    ask: 'Two thousand walkers take DDPM’s steps from different starts, with no fresh noise at all. Where do they end?',
    panel: { c: 'reverse', 'reverse.walk': 'less', 'reverse.fresh': '0', 'reverse.t': '0' },
    look: 'The histogram shows where the walkers are at the end, the line how the data are spread. Then give the fresh noise back with the slider.',
    options: [
      {
        text: 'On the three hills, each walker nearer to the top than before',
        says: 'Without fresh noise the walkers lose what told them apart. They don’t even spread over the hills.',
      },
      {
        text: 'All in one place, and it is not the top of a hill',
        right: true,
        says: 'Each step goes to an average, and nothing restores the spread about it. In the end all walkers are in one place, on the side of the right hill, where the density is half as high as at its top.',
      },
      {
        text: 'As with DDIM: on the hills, spread as the data are',
        says: 'DDIM needs no fresh noise, but it takes other steps. It keeps the noise that DDPM drops.',
      },
      {
        text: 'Everywhere: the noise is not taken away completely',
        says: 'It is the other way round. Without fresh noise there is *less* noise at every level than the denoiser is told.',
      },
    ],
  },
  {
    id: 'reverse.score',
    kind: 'choice',
    ask: 'What is the score at a point x?',
    panel: { c: 'reverse', 'reverse.t': '0.3' },
    options: [
      {
        text: 'A grade between 0 and 1 for how much x looks like real data',
        says: 'That would be a GAN’s discriminator, or a critic. The score is no grade but an arrow.',
      },
      {
        text: 'The probability density of the noisy data at x',
        says: 'Close: the score is made from it. But the density itself is out of reach in many dimensions; its slope is not, and the slope is enough for walking.',
      },
      {
        text: 'The arrow from x to the training example closest to it',
        says: 'With very little noise it nearly is. With more, many examples pull at x at once, and the score is made of all their pulls.',
      },
      {
        text: 'The arrow that points to where the density rises fastest',
        right: true,
        says: 'It is the slope of the logarithm of the density: uphill, towards likelier places. It is the guessed [[noise]], turned round and scaled.',
      },
    ],
  },
  {
    id: 'reverse.score-noise',
    kind: 'choice',
    ask: 'A network predicts the noise ε in x at level σ. How do you get the score from it?',
    panel: { c: 'reverse', 'reverse.t': '0.5' },
    options: [
      { text: 'As −ε/σ: turn the noise round and scale it', right: true, says: 'Noise has pushed x away from where data are, so the opposite direction leads uphill. Less noise means a steeper hill, hence the division by σ.' },
      { text: 'As ε·σ: noise of the right size', says: 'This points the wrong way: along the noise, away from the data.' },
      { text: 'Not at all: a second network has to be trained for it', says: 'Noise, clean picture, velocity and score are four names for the same knowledge. Any of them gives the others by arithmetic.' },
      { text: 'As the loss of the network at x', says: 'The loss is one number, known in training only, where the true noise is. The score has as many numbers as the picture.' },
    ],
  },
  {
    id: 'reverse.step',
    kind: 'order',
    ask: 'Put one step of DDIM in order.',
    panel: { c: 'reverse', 'reverse.steps': '10' },
    first: 'first',
    last: 'last',
    steps: [
      { text: 'Tell the denoiser x and its noise level', says: 'The level matters: the same x means other things at other levels.' },
      { text: 'Get its guess x̂₀ of the clean picture', says: 'At once, all the noise: not one step’s worth of it.' },
      { text: 'Work out the noise that this implies: (x − α·x̂₀)/σ', says: 'What is not picture must be noise.' },
      { text: 'Go one level down: α′ and σ′ take the place of α and σ', says: 'The grid of levels says how far this step goes.' },
      { text: 'Mix again: α′·x̂₀ + σ′·(that noise)', says: 'The forward recipe, with a guess in place of the truth. Then x stands at the lower level and the next step begins.' },
    ],
  },
  {
    id: 'reverse.fresh',
    kind: 'bug',
    ask: 'This is to be DDPM’s step from level `here` down to `there` (`kept` is the share of the present noise that stays). Its results are all far too smooth. Which line is wrong?',
    panel: { c: 'reverse', 'reverse.walk': 'less', 'reverse.fresh': '0' },
    bug: 3,
    mended: 'x = there.alpha * x0 + there.sigma * (kept * eps + (1 - kept**2).sqrt() * torch.randn_like(x))',
    lines: [
      { code: 'x0 = denoiser(x, here)', says: 'The guess of the clean picture, at the level at which x is: right.' },
      { code: 'eps = here.eps(x, x0)', says: 'The noise that this guess implies: right.' },
      { code: 'kept = here.alpha * there.sigma / (here.sigma * there.alpha)', says: 'The share that DDPM keeps, below 1. It is what its formula says.' },
      {
        code: 'x = there.alpha * x0 + there.sigma * kept * eps',
        says: 'Part of the noise was dropped and nothing has come in its place, so x is less noisy than its level says. Fresh noise must make up the variance: kept² + (1 − kept²) = 1.',
      },
    ],
  },
]
