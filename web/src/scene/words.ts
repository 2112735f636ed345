/** Words that stand at places of a scene: HTML over its canvas, so that they stay sharp and follow the theme. */
import { Vector3 } from 'three'
import type { Stage } from './stage'
import './words.css'

export type Word = {
  text: string
  at: [number, number, number]
  /** Which point of the words stands there, from 0 (left, top) to 1 (right, bottom). */
  hold?: [number, number]
  tone?: 'soft' | 'blue' | 'orange' | 'green' | 'pink'
}

export class PlacedWords {
  private readonly host = document.createElement('div')
  private words: Word[] = []

  constructor(private readonly stage: Stage) {
    this.host.className = 'placed-words'
    this.host.ariaHidden = 'true' // the scene's description says it
    stage.canvas.after(this.host)
    stage.onFrame(() => this.place())
  }

  set(words: Word[]): void {
    this.words = words
    while (this.host.children.length > words.length) this.host.lastChild!.remove()
    while (this.host.children.length < words.length) this.host.append(document.createElement('span'))
    words.forEach(({ text, tone }, i) => {
      const span = this.host.children[i] as HTMLElement
      if (span.textContent !== text) span.textContent = text
      span.dataset.tone = tone ?? ''
    })
    this.stage.invalidate()
  }

  /** Where they stand now, but never outside the picture. */
  private place(): void {
    const { camera, width, height } = this.stage
    camera.updateMatrixWorld()
    const sizes = this.words.map((_, i) => this.host.children[i] as HTMLElement).map((span) => [span.offsetWidth, span.offsetHeight] as const)
    this.words.forEach(({ at, hold: [across, down] = [0.5, 0.5] }, i) => {
      const span = this.host.children[i] as HTMLElement
      const [wide, high] = sizes[i]!
      const seen = new Vector3(...at).project(camera)
      const left = Math.max(2, Math.min(width - wide - 2, ((seen.x + 1) / 2) * width - across * wide))
      const top = Math.max(2, Math.min(height - high - 2, ((1 - seen.y) / 2) * height - down * high))
      span.style.visibility = seen.z > 1 ? 'hidden' : 'visible'
      span.style.transform = `translate(${left.toFixed(1)}px, ${top.toFixed(1)}px)`
    })
  }
}
