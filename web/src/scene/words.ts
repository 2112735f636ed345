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

  /** Where they stand now, but never outside the picture, nor over one another: who comes later gives way, up or down. */
  private place(): void {
    const { camera, width, height } = this.stage
    camera.updateMatrixWorld()
    const sizes = this.words.map((_, i) => this.host.children[i] as HTMLElement).map((span) => [span.offsetWidth, span.offsetHeight] as const)
    const taken: { left: number; top: number; right: number; bottom: number }[] = []
    this.words.forEach(({ at, hold: [across, down] = [0.5, 0.5] }, i) => {
      const span = this.host.children[i] as HTMLElement
      const [wide, high] = sizes[i]!
      const seen = new Vector3(...at).project(camera)
      const left = Math.max(2, Math.min(width - wide - 2, ((seen.x + 1) / 2) * width - across * wide))
      const wished = ((1 - seen.y) / 2) * height - down * high
      const inside = (top: number) => Math.max(2, Math.min(height - high - 2, top))
      const free = (top: number) => taken.every((one) => left >= one.right || left + wide <= one.left || top >= one.bottom || top + high <= one.top)
      const top = [0, 0.5, -0.5, 1, -1, 1.5, -1.5, 2, -2].map((by) => inside(wished + by * high)).find(free) ?? inside(wished)
      span.style.visibility = seen.z > 1 ? 'hidden' : 'visible'
      if (seen.z <= 1) taken.push({ left, top, right: left + wide, bottom: top + high })
      span.style.transform = `translate(${left.toFixed(1)}px, ${top.toFixed(1)}px)`
    })
  }
}
