import type { Question } from '../../quiz/question'

export const questions: readonly Question[] = [
  {
    id: 'forward.jump',
    kind: 'choice',
    ask: 'Training wants a picture at timestep 700 of 1000. How often must noise be mixed in to get it?',
    panel: { c: 'forward', 'forward.show': 'ways', 'forward.t': '0.7' },
    ordered: true,
    options: [
      {
        text: 'Once, with the α and σ of timestep 700',
        right: true,
        says: 'A sum of independent Gaussians is a Gaussian again. So 700 small doses of noise have the same effect as one large dose, and the schedule says how large.',
      },
      {
        text: '300 times, counted back from the noisy end',
        says: 'Counting from the noisy end is what sampling does, with a network. The forward process starts from the clean picture and needs no network.',
      },
      {
        text: '700 times, each step beginning where the one before ended',
        says: 'It would work, and give a picture with the same statistics, for 700 times the work. The closed form makes training affordable.',
      },
      {
        text: '1000 times, since α and σ are known only when the whole chain is',
        says: 'α and σ follow from the schedule alone, before there is any picture. They are looked up in a table.',
      },
    ],
  },
  {
    id: 'forward.variance',
    kind: 'choice',
    ask: 'At some level α = 0.6 and σ = 0.8. The data have variance 1. What variance has the noisy picture?',
    panel: { c: 'forward', 'forward.schedule': 'cosine', 'forward.plot': 'levels', 'forward.t': '0.587' },
    ordered: true,
    options: [
      {
        text: '0.48, the product of 0.6 and 0.8',
        says: 'Signal and noise are added, not multiplied with each other.',
      },
      {
        text: '0.8, since only the noise varies',
        says: 'The data vary too, from picture to picture and from pixel to pixel; and the noise has variance σ² = 0.64, not σ.',
      },
      {
        text: '1: it stays what it was',
        right: true,
        says: '0.6² + 0.8² = 1. Variances of independent things add, and a schedule with α² + σ² = 1 keeps the total at 1 all the way. Such a [[schedule]] is called [[variance preserving]].',
      },
      {
        text: '1.4, the sum of 0.6 and 0.8',
        says: 'What adds are the variances, the *squares*: 0.36 + 0.64. Adding the plain factors is a common slip.',
      },
    ],
  },
  {
    id: 'forward.divide',
    kind: 'choice',
    ask: '“The picture was only multiplied by α. So divide the noisy picture by α and you have it back.” What comes of it?',
    panel: { c: 'forward', 'forward.divide': '1', 'forward.t': '0.5' },
    options: [
      {
        text: 'The clean picture, as long as α has not become too small to divide by',
        says: 'Dividing undoes the shrinking, but not the noise, which is divided too: it grows from σ to σ/α.',
      },
      {
        text: 'The clean picture with noise of size σ/α, as hard to make out as before',
        says: 'Brighter, but no clearer. Only the ratio of signal to noise decides what can be seen, and no multiplication changes a ratio.',
        right: true,
      },
      {
        text: 'The noise alone: dividing by α takes the picture out and leaves what was added to it',
        says: 'The picture is still in the sum, now at its full size.',
      },
      {
        text: 'A clean picture, though not the same: some other one that fits the noise equally well',
        says: 'That would be a sample from a model, which has learnt what pictures look like. A division has learnt nothing.',
      },
    ],
  },
  {
    id: 'forward.schedule',
    kind: 'guess',
    ask: 'Half way, at t = 0.5, the cosine schedule leaves α = 0.70 of the picture. How large is α at the same time on DDPM’s linear schedule?',
    panel: { c: 'forward', 'forward.t': '0.5', 'forward.plot': 'levels' },
    look: 'The panel is half way, on the linear schedule. Read α below the scene. Then choose the cosine schedule and compare the pictures.',
    from: 0,
    to: 1,
    step: 0.02,
    truth: 0.28,
    within: 0.1,
    says: 'α is 0.28 on the linear schedule: most of the picture is gone. The cosine schedule was made for this. It does not spend so many steps on pictures that are nearly noise.',
    others: [
      { text: '0.5: linear means even', says: 'Linear is only β, the variance of each small dose. The doses add up, and half way α is already down to 0.28.' },
      { text: '0.7: half way is half way', says: 'A schedule is free to spend its time where it likes. Only the two ends are fixed, and even those only nearly.' },
      { text: 'It depends on the picture', says: 'What you can make out depends on it; large shapes last longer. But α and σ are the same for all pictures.' },
    ],
  },
  {
    id: 'forward.stories',
    kind: 'predict',
    ask: 'One picture under a great deal of noise, at t = 0.9. Could the very same noisy picture be another picture with other noise?',
    panel: { c: 'forward', 'forward.show': 'other', 'forward.t': '0.9' },
    look: 'Read the odds under the two sums. Then go down to t = 0.3 and read them again.',
    options: [
      {
        text: 'No: it was made from this picture, so this picture is what is in it',
        says: 'It was made from this picture, but hardly a trace is left. What is there fits many pictures.',
      },
      {
        text: 'Yes, and the odds between the two are nearly even',
        right: true,
        says: 'The other picture needs other noise, and that noise is nearly as likely. So the noisy picture itself does not say what it was. The way back will have to choose. At t = 0.3 the odds are enormous: there it still tells.',
      },
      {
        text: 'Yes, but a good network can always tell which it was',
        says: 'No network can. When the odds are even, the best guess is an average of both.',
      },
      {
        text: 'Only if both pictures got the same noise',
        says: 'It is the other way round. The same noise on different pictures gives different noisy pictures. For the same noisy picture the noise must differ.',
      },
    ],
  },
  {
    id: 'forward.shrink',
    kind: 'choice',
    ask: 'One small step of DDPM is `x ← √(1 − β)·x + √β·ε`. Why is the old picture shrunk at all, and not just noise added?',
    panel: { c: 'forward', 'forward.show': 'ways', 'forward.t': '0.4' },
    options: [
      {
        text: 'So that pixels stay between −1 and 1, where a screen can show them',
        says: 'They don’t stay there: Gaussian noise has no bounds, and noisy pixels leave the range all the time.',
      },
      {
        text: 'Without it the picture would never disappear, however much noise is added',
        says: 'It would: under enough noise any picture is lost. Schedules that never shrink exist (“variance exploding”), and they work. Their numbers just grow large.',
      },
      {
        text: 'So that the variance stays the same while noise comes in',
        right: true,
        says: '(1 − β) of the old variance plus β of new makes 1 again. The network then always gets numbers of the same size, and the end is a Gaussian of variance 1.',
      },
      {
        text: 'Because noise takes information away and the shrinking accounts for the loss',
        says: 'Information is lost because noise covers it. Shrinking by a known factor loses nothing: one could multiply again.',
      },
    ],
  },
  {
    id: 'forward.ratio',
    kind: 'order',
    ask: 'Five noise levels. Put them in order of how well the picture can still be made out.',
    panel: { c: 'forward', 'forward.plot': 'logsnr' },
    first: 'clearest',
    last: 'noisiest',
    steps: [
      { text: 'α = 1, σ = 0.05', says: 'σ/α = 0.05: all but clean.' },
      { text: 'α = 2, σ = 1', says: 'σ/α = 0.5. More noise than above, but twice the picture too: only the ratio counts.' },
      { text: 'α = 0.8, σ = 0.6', says: 'σ/α = 0.75.' },
      { text: 'α = 1, σ = 2', says: 'σ/α = 2: twice as much noise as picture.' },
      { text: 'α = 0.1, σ = 1', says: 'σ/α = 10. The same σ as the second, and twenty times as noisy.' },
    ],
  },
  {
    id: 'forward.root',
    kind: 'bug',
    ask: 'With this code pictures fade much too early: at the middle of DDPM’s schedule α comes out as 0.08 and should be 0.28. Which line is wrong?',
    panel: { c: 'forward', 'forward.plot': 'levels', 'forward.t': '0.5' },
    bug: 1,
    mended: 'alpha, sigma = alpha_bars[k].sqrt(), (1 - alpha_bars[k]).sqrt()',
    lines: [
      {
        code: 'alpha_bars = torch.cumprod(1 - betas, dim=0)',
        says: 'ᾱ, the product of all (1 − β) so far: what is left of the signal’s *variance*.',
      },
      {
        code: 'alpha, sigma = alpha_bars[k], (1 - alpha_bars[k]).sqrt()',
        says: 'ᾱ is a variance, and a picture is scaled by a standard deviation: its square root. 0.28² is 0.08. The root is there for σ and missing for α, so α² + σ² is no longer 1.',
      },
      { code: 'eps = torch.randn_like(x0)', says: 'Fresh Gaussian noise in the shape of the picture, as it should be.' },
      { code: 'x = alpha * x0 + sigma * eps', says: 'The closed form itself is right; it is handed a wrong α.' },
    ],
  },
  {
    id: 'forward.beta',
    kind: 'bug',
    ask: 'After 1000 of these steps the picture is gone, but what is left has a standard deviation of 0.14 and should have 1. Which line is wrong?',
    panel: { c: 'forward', 'forward.show': 'ways', 'forward.t': '1' },
    bug: 3,
    mended: '    x = (1 - beta).sqrt() * x + beta.sqrt() * eps',
    lines: [
      { code: 'for k in range(1, schedule.steps + 1):', says: 'The timesteps 1 to T: right.' },
      { code: '    beta = schedule.betas[k - 1]', says: 'β of timestep k stands at place k − 1, as Python counts from 0.' },
      { code: '    eps = torch.randn_like(x)', says: 'New noise in every step: right. Reusing the same would let it pile up.' },
      {
        code: '    x = (1 - beta).sqrt() * x + beta * eps',
        says: 'β is the *variance* of the noise to add; the factor must be its root. β is small (at most 0.02), so β instead of √β adds far too little.',
      },
    ],
  },
]
