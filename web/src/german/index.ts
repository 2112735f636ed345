/** What stands in German, by the name of the file of English words that it is laid over. */
export const said = import.meta.glob<object>(['./**/*.ts', '!./index.ts'], { eager: true, import: 'default' })

/** What reads the same in German, or is written into the pages when they are built, before their language is known. */
export const same = [
  'course/of/diffusion/title', 'course/of/gan/title', 'course/of/flow/title',
  'words/showCode', 'pages/text', 'handouts/fromTo', 'quiz/title', 'labels/plots/logsnr', 'labels/size',
  'labels/told', 'labels/drawing', 'labels/attends', 'labels/moment', 'labels/sampler', 'labels/oneSeed', 'labels/ofSeed', 'labels/dial', 'labels/times', 'labels/count',
  'systems/dalle/name', 'systems/stable/name', 'systems/midjourney/name', 'systems/sora/name', 'labels/system', 'labels/chapter',
  'live/draw/sampler', 'live/draw/guidance',
  'found/linear', 'found/scaled-linear', 'found/cosine', 'found/edm', 'found/flow', 'found/GAN', 'found/VAE', 'found/ddpm', 'found/ddim', 'found/dpm++2m',
]
