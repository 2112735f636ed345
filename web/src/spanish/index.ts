/** What stands in Spanish, by the name of the file of English words that it is laid over. */
export const said = import.meta.glob<object>(['./**/*.ts', '!./index.ts'], { eager: true, import: 'default' })

/** What reads the same in Spanish, or is written into the pages when they are built, before their language is known. */
export const same = [
  'pages/text', 'handouts/fromTo', 'labels/plots/logsnr', 'labels/size', 'labels/told', 'labels/drawing', 'labels/chapter',
  'systems/dalle/name', 'systems/stable/name', 'systems/midjourney/name', 'systems/sora/name',
  'found/linear', 'found/scaled-linear', 'found/cosine', 'found/edm', 'found/flow', 'found/GAN', 'found/VAE', 'found/ddpm', 'found/ddim', 'found/dpm++2m',
]
