/** The frames of a clip as sheets one behind the other: a block of space and time. */
import { type Color, DataTexture, DoubleSide, EdgesGeometry, Group, LineBasicMaterial, LineSegments, Mesh, MeshBasicMaterial, NearestFilter, PlaneGeometry, SRGBColorSpace } from 'three'
import type { Shade, Tint } from '../../scene/tiles'
import { FRAMES, PIXELS, SIDE } from './video'

export const LONG = 5.4 // of the block, along time
export const HIGH = 2.1
/** Where frame `f` stands along time. */
export const along = (f: number) => (f / (FRAMES - 1) - 0.5) * LONG

export class Block {
  readonly group = new Group()
  private readonly sheets: { face: Mesh<PlaneGeometry, MeshBasicMaterial>; edge: LineSegments<EdgesGeometry, LineBasicMaterial>; data: Uint8Array; texture: DataTexture }[]

  constructor() {
    const plane = new PlaneGeometry(HIGH, HIGH)
    const outline = new EdgesGeometry(plane)
    this.sheets = Array.from({ length: FRAMES }, (_, f) => {
      const data = new Uint8Array(4 * PIXELS)
      const texture = new DataTexture(data, SIDE, SIDE)
      texture.magFilter = NearestFilter
      texture.colorSpace = SRGBColorSpace
      const face = new Mesh(plane, new MeshBasicMaterial({ map: texture, transparent: true, depthWrite: false, side: DoubleSide }))
      const edge = new LineSegments(outline, new LineBasicMaterial({ transparent: true }))
      const sheet = new Group()
      sheet.add(face, edge)
      sheet.position.x = along(f)
      sheet.rotation.y = -Math.PI / 2 // seen from the first frame's side, left is left
      this.group.add(sheet)
      return { face, edge, data, texture }
    })
  }

  /** Show a clip: numbers as `tint` has them, clear where they are 0, but for frame `now`, which stands on `paper`. */
  show(clip: Float32Array, now: number, tint: Tint, paper: Shade, line: Color, ink: Color): void {
    this.sheets.forEach(({ edge, data, texture }, f) => {
      for (let i = 0; i < PIXELS; i++) {
        const value = clip[f * PIXELS + i]!
        const size = Math.min(1, Math.abs(value))
        const full = tint(value < 0 ? -1 : 1)
        const to = 4 * ((SIDE - 1 - Math.floor(i / SIDE)) * SIDE + (i % SIDE)) // textures begin below
        if (f === now) data.set([...paper.map((v, c) => v + size * (full[c]! - v)), 215], to)
        else data.set([...full, 225 * size ** 1.5], to)
      }
      texture.needsUpdate = true
      edge.material.color = f === now ? ink : line
      edge.material.opacity = f === now ? 1 : 0.35
    })
  }

  /** The stage disposes of geometry and materials; the textures are ours. */
  dispose(): void {
    for (const { texture } of this.sheets) texture.dispose()
  }
}
