/** The frames of a clip as sheets one behind the other: a block of space and time. */
import { type Color, DataTexture, DoubleSide, EdgesGeometry, Group, LineBasicMaterial, LineSegments, Mesh, MeshBasicMaterial, NearestFilter, PlaneGeometry, SRGBColorSpace } from 'three'
import type { Tint } from '../../scene/tiles'
import { along, FAINT, HIGH, paint } from './sheets'
import { FRAMES, PIXELS, SIDE } from './video'

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

  /** Show a clip, of which frame `now` is the one that is looked at. */
  show(clip: Float32Array, now: number, tint: Tint, line: Color, ink: Color): void {
    this.sheets.forEach(({ edge, data, texture }, f) => {
      paint(data, clip, f, f === now, tint, true)
      texture.needsUpdate = true
      edge.material.color = f === now ? ink : line
      edge.material.opacity = f === now ? 1 : FAINT
    })
  }

  /** The stage disposes of geometry and materials; the textures are ours. */
  dispose(): void {
    for (const { texture } of this.sheets) texture.dispose()
  }
}
