/** Where a glossary term is taught: in the chapter whose text marks it first, or else here. */
import type { ChapterText } from './chapters/text'
import type { ChapterId } from './quiz/question'

const beyond: Record<string, ChapterId> = {
  attention: 'network', autoencoder: 'steering', batch: 'training', 'beta (β)': 'forward', call: 'sampling',
  'classifier-free guidance': 'steering', condition: 'steering', convolution: 'network', DDIM: 'sampling', DDPM: 'sampling',
  density: 'reverse', distillation: 'sampling', diversity: 'sampling', 'DPM-Solver++': 'sampling', EMA: 'training', GAN: 'sampling',
  gradient: 'training', grid: 'sampling', guidance: 'steering', 'held-out': 'training', Heun: 'sampling', inpainting: 'steering',
  inversion: 'steering', latent: 'steering', loss: 'training', manifold: 'reverse', memorisation: 'training', network: 'network',
  'null class': 'steering', parameterization: 'network', 'probability-flow ODE': 'reverse', 'alpha (α)': 'forward',
  'reverse process': 'reverse', 'sigma (σ)': 'forward', sampler: 'sampling', schedule: 'forward', score: 'reverse', seed: 'sampling',
  'signal-to-noise ratio': 'forward', 'skip connection': 'network', 'standard deviation': 'forward', 'time embedding': 'network',
  timestep: 'forward', training: 'training', trajectory: 'reverse', UNet: 'network', variance: 'forward',
  'variance preserving': 'forward', 'velocity (v)': 'network', 'noise level': 'forward',
} // prettier-ignore

export function taughtIn(term: string, chapters: readonly ChapterText[]): ChapterId | undefined {
  const marked = new RegExp(`\\[\\[${term.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}[\\]|]`)
  const first = chapters.find(({ sections }) => sections.some(({ text }) => text.some((one) => marked.test(one))))
  return (first?.id as ChapterId | undefined) ?? beyond[term]
}
